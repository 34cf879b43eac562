package argon2hash

import (
	"errors"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/gousher/usher/core"
)

// cheap returns a Hasher whose new hashes cost next to nothing.
func cheap(t testing.TB, cfg Config) *Hasher {
	t.Helper()
	if cfg.Memory == 0 {
		cfg.Memory = 64
	}
	if cfg.Time == 0 {
		cfg.Time = 1
	}
	h, err := New(cfg)
	if err != nil {
		t.Fatalf("New: got error %v, want none", err)
	}
	return h
}

func wantVerify(t *testing.T, h *Hasher, password, hash string, wantOK, wantOutdated bool) {
	t.Helper()
	ok, outdated, err := h.Verify(password, hash)
	if ok != wantOK || outdated != wantOutdated || err != nil {
		t.Errorf("Verify(%.20q, %.80q): got %t, %t, %v, want %t, %t, nil", password, hash, ok, outdated, err, wantOK, wantOutdated)
	}
}

func hashed(t *testing.T, h *Hasher, password string) string {
	t.Helper()
	hash, err := h.Hash(password)
	if err != nil {
		t.Fatalf("Hash: got error %v, want none", err)
	}
	return hash
}

func TestHash(t *testing.T) {
	tests := []struct {
		name string
		cfg  Config
		want string // a regular expression
	}{
		{"one lane", Config{Memory: 64, Time: 1}, `^\$argon2id\$v=19\$m=64,t=1,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$`},
		{"two lanes", Config{Memory: 100, Time: 3, Parallelism: 2}, `^\$argon2id\$v=19\$m=100,t=3,p=2\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h := cheap(t, test.cfg)
			hash := hashed(t, h, "guinevere")
			if !regexp.MustCompile(test.want).MatchString(hash) {
				t.Errorf("got %q, want a match of %s", hash, test.want)
			}
			if again := hashed(t, h, "guinevere"); again == hash {
				t.Errorf("got %q twice, want another salt", hash)
			}
			wantVerify(t, h, "guinevere", hash, true, false)
			wantVerify(t, h, "Guinevere", hash, false, false)
		})
	}
}

func TestDefaults(t *testing.T) {
	h, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	want := Config{
		Memory: 19456, Time: 2, Parallelism: 1,
		MaxMemory: 262144, MaxTime: 10, MaxParallelism: 16, MaxBcryptCost: 14,
	}
	if h.cfg != want {
		t.Errorf("got %+v, want %+v", h.cfg, want)
	}
}

func TestPasswordsAreCompared(t *testing.T) {
	h := cheap(t, Config{})
	tests := []struct{ name, password, wrong string }{
		{"case", "password", "PASSWORD"},
		{"normalization", "\u00e9", "e\u0301"},
		{"NUL at the end", "pass", "pass\x00"},
		{"after a NUL", "pass\x00word", "pass\x00wort"},
		{"white space", "password", "password "},
		{"after 72 bytes", strings.Repeat("x", 72) + "1", strings.Repeat("x", 72) + "2"},
		{"invalid UTF-8", "\xff", "\ufffd"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			hash := hashed(t, h, test.password)
			wantVerify(t, h, test.password, hash, true, false)
			wantVerify(t, h, test.wrong, hash, false, false)
		})
	}
}

// What bcrypt cannot tell apart, Verify does not either.
func TestBcryptSees72Bytes(t *testing.T) {
	h := cheap(t, Config{})
	of72 := "$2b$04$aUmtHH4ZYWETDoyedVAPQ.4wSSEbnyympnrR.UEIgi/pQ11HeH3t2"
	x := strings.Repeat("x", 71)
	wantVerify(t, h, x+"x and more", of72, true, true)
	wantVerify(t, h, x+"y", of72, false, false)
	wantVerify(t, h, x, of72, false, false)
	wantVerify(t, h, "", of72, false, false)
}

func TestOutdated(t *testing.T) {
	tests := []struct {
		name   string
		stored key
		want   bool
	}{
		{"the same", key{variantID, 128, 2, 1, make([]byte, 16), make([]byte, 32)}, false},
		{"other lanes", key{variantID, 128, 2, 4, make([]byte, 16), make([]byte, 32)}, false},
		{"more of everything", key{variantID, 512, 3, 4, make([]byte, 32), make([]byte, 64)}, false},
		{"more memory, fewer passes, as much work", key{variantID, 256, 1, 1, make([]byte, 16), make([]byte, 32)}, false},
		{"more memory, fewer passes, less work", key{variantID, 255, 1, 1, make([]byte, 16), make([]byte, 32)}, true},
		{"fewer passes", key{variantID, 128, 1, 1, make([]byte, 16), make([]byte, 32)}, true},
		{"less memory, more work", key{variantID, 127, 9, 1, make([]byte, 16), make([]byte, 32)}, true},
		{"argon2i", key{variantI, 512, 3, 4, make([]byte, 16), make([]byte, 32)}, true},
		{"short salt", key{variantID, 128, 2, 1, make([]byte, 15), make([]byte, 32)}, true},
		{"short digest", key{variantID, 128, 2, 1, make([]byte, 16), make([]byte, 31)}, true},
	}
	h := cheap(t, Config{Memory: 128, Time: 2})
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			k := test.stored
			k.digest = k.derive("guinevere", uint32(len(k.digest)))
			wantVerify(t, h, "guinevere", k.String(), true, test.want)
			wantVerify(t, h, "lancelot", k.String(), false, false)
		})
	}
}

func TestCost(t *testing.T) {
	const fresh = 1024 << 10
	h := cheap(t, Config{Memory: 1024})
	tests := []struct {
		name, hash string
		want       int64
	}{
		{"new", "", fresh},
		{"of its own", hashed(t, h, "guinevere"), fresh},
		{"more memory", "$argon2id$v=19$m=65536,t=3,p=4$Nqfq1dkoOmuInOhAvEuLlg$jUOh0GTopKcj46MQtlvPlkPDZ33jTkQ2p+LOtOCvEOE", 64 << 20},
		{"most memory", "$argon2id$v=19$m=262144,t=3,p=4$Nqfq1dkoOmuInOhAvEuLlg$jUOh0GTopKcj46MQtlvPlkPDZ33jTkQ2p+LOtOCvEOE", 256 << 20},
		{"less memory", "$argon2id$v=19$m=64,t=10,p=1$aDmGQ0JU3BL1LdeFzuArxw$0YW4O/X+bb8/gFCsxZsFjB6MBB9YEd/mlzuQmBmlczk", fresh},
		{"argon2i", "$argon2i$v=19$m=2048,t=3,p=1$TDQlHNC4/QTRC7qK13oXjA$YsfFwzqPc6iC6vRDX0LPo7Qj/KrbLFO/Tsvndr0gK8g", 2 << 20},
		{"bcrypt", "$2b$14$v8PmHGCdAXjQm.5ftNmhku0DCL.nVS.SUcnaBTf7FI/b12XyZU9He", fresh},
		{"unknown", "$5$salt$digest", 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := h.Cost(test.hash); got != test.want {
				t.Errorf("got %d, want %d", got, test.want)
			}
		})
	}
}

func TestConfigProblems(t *testing.T) {
	tests := []struct {
		name string
		cfg  Config
		want []string // the start of each problem
	}{
		{"least memory", Config{Memory: 32, Parallelism: 4}, nil},
		{"too little memory", Config{Memory: 31, Parallelism: 4}, []string{"Memory "}},
		{"most of everything", Config{Memory: 4 << 20, MaxMemory: 4 << 20, Time: 100, MaxTime: 100, Parallelism: 255, MaxParallelism: 255, MaxBcryptCost: 20}, nil},
		{"above the limits", Config{Memory: 262145, Time: 11, Parallelism: 17}, []string{"Memory ", "Time ", "Parallelism "}},
		{"limits too high", Config{MaxMemory: 4<<20 + 1, MaxTime: 101, MaxBcryptCost: 21}, []string{"MaxMemory ", "MaxTime ", "MaxBcryptCost "}},
		{"limits too low", Config{MaxMemory: 19455, MaxTime: 1, MaxBcryptCost: 3}, []string{"Memory ", "Time ", "MaxBcryptCost "}},
		{"negative", Config{MaxBcryptCost: -1}, []string{"MaxBcryptCost "}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h, err := New(test.cfg)
			if test.want == nil {
				if err != nil || h == nil {
					t.Fatalf("got %v, %v, want a hasher", h, err)
				}
				return
			}
			e, ok := errors.AsType[*core.ConfigError](err)
			if !ok || h != nil || e.Of != "argon2hash.Config" {
				t.Fatalf("got %v, %v, want a *core.ConfigError of argon2hash.Config", h, err)
			}
			var got []string
			for _, p := range e.Problems {
				name, _, _ := strings.Cut(p, " ")
				got = append(got, name+" ")
			}
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %q, want problems of %q", e.Problems, test.want)
			}
		})
	}
}

func BenchmarkVerify(b *testing.B) {
	tests := []struct{ name, password, hash string }{
		{"default", "herminetincture", "$argon2id$v=19$m=19456,t=2,p=1$ohr3Wq0CX5wYKUbgMejt1w$bSDP51imFFX1eDGY+63Hzgfoq3SPELG9boiOrjwRS/A"},
		{"64 MiB, t=3, p=4", "herminetincture", "$argon2id$v=19$m=65536,t=3,p=4$Nqfq1dkoOmuInOhAvEuLlg$jUOh0GTopKcj46MQtlvPlkPDZ33jTkQ2p+LOtOCvEOE"},
		{"bcrypt 12", "guinevere", "$2b$12$v8PmHGCdAXjQm.5ftNmhku0DCL.nVS.SUcnaBTf7FI/b12XyZU9He"},
	}
	h, err := New(Config{})
	if err != nil {
		b.Fatal(err)
	}
	for _, test := range tests {
		b.Run(test.name, func(b *testing.B) {
			for b.Loop() {
				if ok, _, err := h.Verify(test.password, test.hash); !ok || err != nil {
					b.Fatalf("got %t, %v, want a match", ok, err)
				}
			}
		})
	}
}
