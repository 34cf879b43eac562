package argon2hash

import (
	"strings"
	"testing"
)

// vectors are hashes by other implementations: pwdlib 0.3, argon2-cffi 25.1
// and bcrypt 5.0 for Python. Those of bcrypt over 72 bytes are of bcrypt 4.3,
// which cuts them. Hashes of bcrypt have a low cost, because the race detector
// makes it dear; see BenchmarkVerify for the usual one.
var vectors = []struct {
	name, password, hash string
	outdated             bool // beside the cheapest parameters
}{
	{"argon2id as pwdlib makes it", "herminetincture", "$argon2id$v=19$m=65536,t=3,p=4$Nqfq1dkoOmuInOhAvEuLlg$jUOh0GTopKcj46MQtlvPlkPDZ33jTkQ2p+LOtOCvEOE", false},
	{"argon2id by default", "herminetincture", "$argon2id$v=19$m=19456,t=2,p=1$ohr3Wq0CX5wYKUbgMejt1w$bSDP51imFFX1eDGY+63Hzgfoq3SPELG9boiOrjwRS/A", false},
	{"argon2id, cheap", "guinevere", "$argon2id$v=19$m=64,t=1,p=1$aDmGQ0JU3BL1LdeFzuArxw$0YW4O/X+bb8/gFCsxZsFjB6MBB9YEd/mlzuQmBmlczk", false},
	{"argon2id, memory that lanes do not divide", "guinevere", "$argon2id$v=19$m=77,t=1,p=4$qK/5/6HKK5//UJBFgFg6lw$hP1lw/mhc4QYQptm+2fdAa6CcnOdQK70Jg5ni27KTpQ", false},
	{"argon2id, longest salt and digest", "guinevere", "$argon2id$v=19$m=64,t=1,p=1$Wo+L9eGFALjN9M0Xa3zR7LQ+3vvntS5FdzOc7Gli+UqjJAEMvFBfC87JVAAAaX8JDkFGLm+gRpUEgtFzvPzqRA$M+TkMVvNopxjUnJzjqyrgtKN+yVtUi2zWdFqd+1KHukd6qdX99dkjAzSQWnkEbp33NuP/1DnMAyy5YwVvAXzmA", false},
	{"argon2id, shortest salt and digest", "guinevere", "$argon2id$v=19$m=64,t=1,p=1$Q3rQrhEp0Lw$cvM7qHXpMa1IOQfNVPVA3Q", true},
	{"argon2id, not ASCII", "pässwörd 🐉 密码", "$argon2id$v=19$m=100,t=1,p=2$Admo4Dh2utzIU2HQbAuhBA$fAO1HVM0oFs0V+xtIYwlb1nufS3G58Ww3jhJp1NVXCA", false},
	{"argon2id, NUL", "pass\x00word", "$argon2id$v=19$m=64,t=1,p=1$NNxxsIme9lq0khbq2lC7PA$4ZcbQePdnBuiC28xhJbgzhb3ISmMaKHtcb1SM/frKeA", false},
	{"argon2id, empty", "", "$argon2id$v=19$m=64,t=1,p=1$cL3WJ4IFI9XjAZTZvSBNuQ$ElFXgckM60K0sp5TuObPuhZJg0Zaqiiymzl3VkXE0BE", false},
	{"argon2id, 2048 bytes", strings.Repeat("ü", 1024), "$argon2id$v=19$m=64,t=1,p=1$oc1l1YiAH6Pe1eC3ZWzTIg$iKNqaF0UVsCLDAHn+rPClraodf7An4qRkno9hVY9ubI", false},
	{"argon2i", "guinevere", "$argon2i$v=19$m=64,t=3,p=1$TDQlHNC4/QTRC7qK13oXjA$YsfFwzqPc6iC6vRDX0LPo7Qj/KrbLFO/Tsvndr0gK8g", true},
	{"bcrypt 2a", "guinevere", "$2a$04$9zklqigOaKekRosKoVFMMec3/6B7KXWmbaZiEJOE.Nha.rZsFVyv.", true},
	{"bcrypt 2b", "guinevere", "$2b$04$vWaUgNGMb4JOTE.BIMz3wuXqt4ibtBOu2q0TxMhJ/e8bQ34Y3iX4a", true},
	{"bcrypt 2x", "guinevere", "$2x$04$vWaUgNGMb4JOTE.BIMz3wuXqt4ibtBOu2q0TxMhJ/e8bQ34Y3iX4a", true},
	{"bcrypt 2y", "guinevere", "$2y$04$vWaUgNGMb4JOTE.BIMz3wuXqt4ibtBOu2q0TxMhJ/e8bQ34Y3iX4a", true},
	{"bcrypt of cost 5", "guinevere", "$2b$05$auXfuoV0i.wxJEoS7z7NO.r0lNPvsJ893vXHAPSGXhbzs/VK1EDj.", true},
	{"bcrypt, not ASCII", "pässwörd 🐉", "$2b$04$WXfYAJtV6OzI0o9c1HfRn.vdppo.e80XZidxTgVNfUX9RM5aVa.ZC", true},
	{"bcrypt, NUL", "pass\x00word", "$2b$04$sElVamWDcNSVBGi6tib5HOuRF2rQDSkTn2.8iT13.KIvDcul9R4aK", true},
	{"bcrypt, empty", "", "$2b$04$oNZ4/V4eLpxDAuRaGIhE0e3kVqcXHT8dc3TOT2Z8g.Z1VxXJkK25K", true},
	{"bcrypt, 72 bytes", strings.Repeat("x", 72), "$2b$04$aUmtHH4ZYWETDoyedVAPQ.4wSSEbnyympnrR.UEIgi/pQ11HeH3t2", true},
	{"bcrypt, 80 bytes", strings.Repeat("y", 72) + strings.Repeat("z", 8), "$2b$04$waqUuNYfPMBirOEPndPgXuBTRn4VxXhhUC7YtZO1k8dpBkEDZUjx2", true},
}

func TestVerifyVectors(t *testing.T) {
	h := cheap(t, Config{})
	for _, v := range vectors {
		t.Run(v.name, func(t *testing.T) {
			wantVerify(t, h, v.password, v.hash, true, v.outdated)
			if h.Cost(v.hash) == 0 {
				t.Error("got cost 0 for a hash that is verified")
			}
		})
	}
}
