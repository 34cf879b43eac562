package argon2hash

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

const (
	salt16   = "ohr3Wq0CX5wYKUbgMejt1w"
	digest32 = "bSDP51imFFX1eDGY+63Hzgfoq3SPELG9boiOrjwRS/A"
)

// Each of these is refused without work.
var refused = []struct{ name, hash string }{
	{"empty but for a space", " "},
	{"text", "correct horse"},
	{"disabled", "!"},
	{"another function", "$pbkdf2-sha256$29000$c2FsdA$aGFzaA"},
	{"SHA-crypt", "$6$saltsalt$qFmFH.bQmmtXzyBY0s9v7Oicd2z4XSIecDzlB5KiA2/jctKu9YterLp8wwnSq.qc.eoxqOmSuNp2xS0ktL3nh/"},
	{"argon2d", "$argon2d$v=19$m=64,t=1,p=1$Fd/j3YsYtPwlyxSlQ5RFPw$U3JNibiwTpfOAcos+rpebOj00M+WMF2jOGy0oDX5KxE"},
	{"version 1.0", "$argon2id$v=16$m=64,t=1,p=1$c2FsdHNhbHRzYWx0c2FsdA$9sjBhiSiOqz7c+O2jSGs+eocXG4bvdglft6ypjgYjwk"},
	{"no version", "$argon2id$m=64,t=1,p=1$c2FsdHNhbHRzYWx0c2FsdA$9sjBhiSiOqz7c+O2jSGs+eocXG4bvdglft6ypjgYjwk"},
	{"newer version", "$argon2id$v=20$m=64,t=1,p=1$" + salt16 + "$" + digest32},
	{"upper case", "$ARGON2ID$v=19$m=64,t=1,p=1$" + salt16 + "$" + digest32},
	{"key id", "$argon2id$v=19$m=64,t=1,p=1,keyid=a2V5$" + salt16 + "$" + digest32},
	{"data", "$argon2id$v=19$m=64,t=1,p=1,data=ZGF0YQ$" + salt16 + "$" + digest32},
	{"other order", "$argon2id$v=19$t=1,m=64,p=1$" + salt16 + "$" + digest32},
	{"parameter missing", "$argon2id$v=19$m=64,t=1$" + salt16 + "$" + digest32},
	{"parameter twice", "$argon2id$v=19$m=64,m=64,t=1,p=1$" + salt16 + "$" + digest32},
	{"parameter empty", "$argon2id$v=19$m=,t=1,p=1$" + salt16 + "$" + digest32},
	{"leading zero", "$argon2id$v=19$m=064,t=1,p=1$" + salt16 + "$" + digest32},
	{"plus", "$argon2id$v=19$m=+64,t=1,p=1$" + salt16 + "$" + digest32},
	{"minus", "$argon2id$v=19$m=64,t=-1,p=1$" + salt16 + "$" + digest32},
	{"space", "$argon2id$v=19$m= 64,t=1,p=1$" + salt16 + "$" + digest32},
	{"hexadecimal", "$argon2id$v=19$m=0x40,t=1,p=1$" + salt16 + "$" + digest32},
	{"other digits", "$argon2id$v=19$m=٦٤,t=1,p=1$" + salt16 + "$" + digest32},
	{"no memory", "$argon2id$v=19$m=0,t=1,p=1$" + salt16 + "$" + digest32},
	{"no passes", "$argon2id$v=19$m=64,t=0,p=1$" + salt16 + "$" + digest32},
	{"no lanes", "$argon2id$v=19$m=64,t=1,p=0$" + salt16 + "$" + digest32},
	{"too little memory for its lanes", "$argon2id$v=19$m=127,t=1,p=16$" + salt16 + "$" + digest32},
	{"too much memory", "$argon2id$v=19$m=262145,t=1,p=1$" + salt16 + "$" + digest32},
	{"memory of 32 bits", "$argon2id$v=19$m=4294967295,t=1,p=1$" + salt16 + "$" + digest32},
	{"memory overflows to 64", "$argon2id$v=19$m=4294967360,t=1,p=1$" + salt16 + "$" + digest32},
	{"memory overflows 64 bits", "$argon2id$v=19$m=18446744073709551680,t=1,p=1$" + salt16 + "$" + digest32},
	{"too many passes", "$argon2id$v=19$m=64,t=11,p=1$" + salt16 + "$" + digest32},
	{"too many lanes", "$argon2id$v=19$m=256,t=1,p=17$" + salt16 + "$" + digest32},
	{"lanes overflow to 1", "$argon2id$v=19$m=256,t=1,p=257$" + salt16 + "$" + digest32},
	{"no digest", "$argon2id$v=19$m=64,t=1,p=1$" + salt16},
	{"empty digest", "$argon2id$v=19$m=64,t=1,p=1$" + salt16 + "$"},
	{"empty salt", "$argon2id$v=19$m=64,t=1,p=1$$" + digest32},
	{"another part", "$argon2id$v=19$m=64,t=1,p=1$" + salt16 + "$" + digest32 + "$"},
	{"short salt", "$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbA$" + digest32},
	{"short digest", "$argon2id$v=19$m=64,t=1,p=1$" + salt16 + "$" + strings.Repeat("A", 20)},
	{"long salt", "$argon2id$v=19$m=64,t=1,p=1$" + strings.Repeat("A", 87) + "$" + digest32},
	{"long digest", "$argon2id$v=19$m=64,t=1,p=1$" + salt16 + "$" + strings.Repeat("A", 87)},
	{"padding", "$argon2id$v=19$m=64,t=1,p=1$" + salt16 + "==$" + digest32 + "="},
	{"alphabet of URLs", "$argon2id$v=19$m=64,t=1,p=1$" + salt16 + "$" + strings.ReplaceAll(digest32, "+", "-")},
	{"bits left over in the salt", "$argon2id$v=19$m=64,t=1,p=1$ohr3Wq0CX5wYKUbgMejt1x$" + digest32},
	{"bits left over in the digest", "$argon2id$v=19$m=64,t=1,p=1$" + salt16 + "$" + digest32[:42] + "B"},
	{"line break at the end", "$argon2id$v=19$m=64,t=1,p=1$" + salt16 + "$" + digest32 + "\n"},
	{"line break within", "$argon2id$v=19$m=64,t=1,p=1$ohr3Wq0C\r\nX5wYKUbgMejt1w$" + digest32},
	{"line break that leaves the length", "$argon2id$v=19$m=64,t=1,p=1$ohr3Wq0C\nX5w$" + digest32},
	{"bcrypt without version", "$2$04$vWaUgNGMb4JOTE.BIMz3wuXqt4ibtBOu2q0TxMhJ/e8bQ34Y3iX4a"},
	{"bcrypt of another version", "$2c$04$vWaUgNGMb4JOTE.BIMz3wuXqt4ibtBOu2q0TxMhJ/e8bQ34Y3iX4a"},
	{"bcrypt 3", "$3b$04$vWaUgNGMb4JOTE.BIMz3wuXqt4ibtBOu2q0TxMhJ/e8bQ34Y3iX4a"},
	{"bcrypt of too low a cost", "$2b$03$vWaUgNGMb4JOTE.BIMz3wuXqt4ibtBOu2q0TxMhJ/e8bQ34Y3iX4a"},
	{"bcrypt of too high a cost", "$2b$15$vWaUgNGMb4JOTE.BIMz3wuXqt4ibtBOu2q0TxMhJ/e8bQ34Y3iX4a"},
	{"bcrypt of cost 31", "$2b$31$vWaUgNGMb4JOTE.BIMz3wuXqt4ibtBOu2q0TxMhJ/e8bQ34Y3iX4a"},
	{"bcrypt with a sign", "$2b$+4$vWaUgNGMb4JOTE.BIMz3wuXqt4ibtBOu2q0TxMhJ/e8bQ34Y3iX4a"},
	{"bcrypt, one short", "$2b$04$vWaUgNGMb4JOTE.BIMz3wuXqt4ibtBOu2q0TxMhJ/e8bQ34Y3iX4"},
	{"bcrypt, one long", "$2b$04$vWaUgNGMb4JOTE.BIMz3wuXqt4ibtBOu2q0TxMhJ/e8bQ34Y3iX4aa"},
	{"bcrypt with a line break", "$2b$04$vWaUgNGMb4JOTE.BIMz3wuXqt4ibtBOu2q0TxMhJ/e8bQ34Y3iX4\n"},
	{"bcrypt with another character", "$2b$04$vWaUgNGMb4JOTE.BIMz3wuXqt4ibtBOu2q0TxMhJ/e8b+34Y3iX4a"},
	{"long", strings.Repeat("$", 1<<16)},
	{"long number", "$argon2id$v=19$m=" + strings.Repeat("1", 1<<16) + ",t=1,p=1$" + salt16 + "$" + digest32},
}

func TestRefused(t *testing.T) {
	h := cheap(t, Config{})
	for _, test := range refused {
		t.Run(test.name, func(t *testing.T) {
			wantVerify(t, h, "guinevere", test.hash, false, false)
			if got := h.Cost(test.hash); got != 0 {
				t.Errorf("got cost %d, want 0", got)
			}
			if got := testing.AllocsPerRun(1, func() { h.Cost(test.hash) }); got > 3 {
				t.Errorf("got %v allocations, want those of a short salt, a short digest and an error at most", got)
			}
		})
	}
	wantVerify(t, h, "", "", false, false)
}

func TestLimitsAreOfTheConfig(t *testing.T) {
	low := cheap(t, Config{MaxMemory: 100, MaxTime: 2, MaxParallelism: 2, MaxBcryptCost: 4})
	tests := []struct {
		name, hash string
		want       bool
	}{
		{"at the limits", "$argon2id$v=19$m=100,t=2,p=2$" + salt16 + "$" + digest32, true},
		{"memory", "$argon2id$v=19$m=101,t=2,p=2$" + salt16 + "$" + digest32, false},
		{"passes", "$argon2id$v=19$m=100,t=3,p=2$" + salt16 + "$" + digest32, false},
		{"lanes", "$argon2id$v=19$m=100,t=2,p=3$" + salt16 + "$" + digest32, false},
		{"cost", "$2b$04$vWaUgNGMb4JOTE.BIMz3wuXqt4ibtBOu2q0TxMhJ/e8bQ34Y3iX4a", true},
		{"higher cost", "$2b$05$vWaUgNGMb4JOTE.BIMz3wuXqt4ibtBOu2q0TxMhJ/e8bQ34Y3iX4a", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := low.Cost(test.hash) > 0; got != test.want {
				t.Errorf("known: got %t, want %t", got, test.want)
			}
		})
	}
}

var (
	argonForm  = regexp.MustCompile(`^\$argon2(id|i)\$v=19\$m=([1-9][0-9]*),t=([1-9][0-9]*),p=([1-9][0-9]*)\$[A-Za-z0-9+/]{11,86}\$[A-Za-z0-9+/]{22,86}$`)
	bcryptForm = regexp.MustCompile(`^\$2[abxy]\$(0[4-9]|1[0-4])\$[./A-Za-z0-9]{53}$`)
)

// FuzzParse checks that a hash is read as what it spells and nothing else:
// what is known has the form and the limits that are documented, and is the
// only spelling of what was read.
func FuzzParse(f *testing.F) {
	for _, v := range vectors {
		f.Add(v.hash)
	}
	for _, r := range refused {
		f.Add(r.hash)
	}
	f.Add("")
	h := cheap(f, Config{})
	f.Fuzz(func(t *testing.T, hash string) {
		k, known := h.cfg.parse(hash)
		if known {
			m := argonForm.FindStringSubmatch(hash)
			if m == nil {
				t.Fatalf("%q is known and has not the form", hash)
			}
			if got := k.String(); got != hash {
				t.Errorf("got %q from %q", got, hash)
			}
			for i, limit := range []struct{ got, most uint64 }{{uint64(k.memory), 262144}, {uint64(k.time), 10}, {uint64(k.lanes), 16}} {
				want, err := strconv.ParseUint(m[i+2], 10, 32)
				if err != nil || limit.got != want || limit.got > limit.most {
					t.Errorf("parameter %d of %q: got %d", i, hash, limit.got)
				}
			}
			if k.memory < 8*uint32(k.lanes) || len(k.salt) < 8 || len(k.salt) > 64 || len(k.digest) < 16 || len(k.digest) > 64 {
				t.Errorf("%q is known and beyond the limits", hash)
			}
		}
		if got, want := h.cfg.knowsBcrypt(hash), bcryptForm.MatchString(hash); got != want {
			t.Errorf("bcrypt %q: got %t, want %t", hash, got, want)
		}
		cost := h.Cost(hash)
		if work := known || bcryptForm.MatchString(hash) || hash == ""; (cost > 0) != work || cost > 256<<20 || cost > math.MaxUint32 {
			t.Errorf("%q: got cost %d", hash, cost)
		}
		if cost == 0 {
			wantVerify(t, h, "guinevere", hash, false, false)
		}
	})
}
