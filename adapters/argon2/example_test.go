package argon2hash_test

import (
	"fmt"
	"github.com/gousher/usher/core"

	argon2hash "github.com/gousher/usher/adapters/argon2"
)

func Example() {
	hasher, err := argon2hash.New(argon2hash.Config{})
	if err != nil {
		panic(err)
	}

	hash, err := hasher.Hash("correct horse")
	if err != nil {
		panic(err)
	}
	fmt.Println(hash[:31], len(hash))

	ok, outdated, err := hasher.Verify("correct horse", hash)
	fmt.Println(ok, outdated, err)
	// Output:
	// $argon2id$v=19$m=19456,t=2,p=1$ 97
	// true false <nil>
}

func ExampleHasher_Verify_outdated() {
	hasher, err := argon2hash.New(argon2hash.Config{})
	if err != nil {
		panic(err)
	}

	bcrypt := "$2b$04$vWaUgNGMb4JOTE.BIMz3wuXqt4ibtBOu2q0TxMhJ/e8bQ34Y3iX4a"
	fmt.Println(hasher.Verify("guinevere", bcrypt))
	fmt.Println(hasher.Verify("lancelot", bcrypt))
	// Output:
	// true true <nil>
	// false false <nil>
}

func ExampleHasher_Cost() {
	hasher, err := argon2hash.New(argon2hash.Config{})
	if err != nil {
		panic(err)
	}

	fmt.Println(hasher.Cost("") >> 10)
	fmt.Println(hasher.Cost("$argon2id$v=19$m=65536,t=3,p=4$Nqfq1dkoOmuInOhAvEuLlg$jUOh0GTopKcj46MQtlvPlkPDZ33jTkQ2p+LOtOCvEOE") >> 10)
	fmt.Println(hasher.Cost("unknown"))
	// Output:
	// 19456
	// 65536
	// 0
}

func ExampleConfig_tests() {
	_, err := argon2hash.New(argon2hash.Config{Memory: 64, Time: 1}) // hashes in a millisecond
	fmt.Println(err)
	// Output: <nil>
}

func ExampleNew_problems() {
	_, err := argon2hash.New(argon2hash.Config{Memory: 7, Time: 11})
	fmt.Println(err)
	// Output: argon2hash.Config: Memory is 7 KiB, Argon2 needs at least 8 for each of 1 lanes; Time is 11, above MaxTime, which is 10
}

// The hasher is a field of core.Config, which names what else it needs.
func ExampleNew() {
	hasher, err := argon2hash.New(argon2hash.Config{Memory: 46 * 1024, Time: 1})
	if err != nil {
		panic(err)
	}
	_, err = core.NewManager(core.Config[*core.User]{Hasher: hasher})
	fmt.Println(err)
	// Output: core.Config: Stores.Users is missing; Emails is missing
}
