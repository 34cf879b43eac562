package core_test

import (
	"context"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/gousher/usher/core"
)

const common = "Password is too common"

// refusal registers with an address that is none, which is looked at after
// the password, and returns the reason why the password was refused, or nil.
func refusal(t *testing.T, w *world, password string) any {
	t.Helper()
	_, err := w.Register(t.Context(), &Member{User: core.User{Email: "none"}}, password)
	if err == nil {
		t.Fatal("got no error, want one")
	}
	return passwordReason(err)
}

func TestPasswordPolicy(t *testing.T) {
	const least, most = "Password should be at least 8 characters", "Password should be at most 1024 characters"
	tests := []struct {
		name     string
		policy   core.PasswordPolicy
		password string
		want     any
	}{
		{"empty", core.PasswordPolicy{}, "", least},
		{"7 letters", core.PasswordPolicy{}, "abcdefx", least},
		{"7 code points of 4 bytes", core.PasswordPolicy{}, strings.Repeat("🐎", 7), least},
		{"8 code points of 4 bytes", core.PasswordPolicy{}, strings.Repeat("🐎", 8), nil},
		{"white space counts", core.PasswordPolicy{}, " a b c d", nil},
		{"1,024 code points of 4 bytes", core.PasswordPolicy{}, strings.Repeat("🐎", 1024), nil},
		{"1,025 code points", core.PasswordPolicy{}, strings.Repeat("x", 1025), most},
		{"1,025 code points of 4 bytes", core.PasswordPolicy{}, strings.Repeat("🐎", 1025), most},
		{"below a custom least", core.PasswordPolicy{MinLength: 12}, "elevenchars", "Password should be at least 12 characters"},
		{"at a custom least", core.PasswordPolicy{MinLength: 12}, "twelve chars", nil},
		{"at a custom least of 1", core.PasswordPolicy{MinLength: 1}, "x", nil},
		{"at a custom most", core.PasswordPolicy{MaxLength: 8}, "12345xyz", nil},
		{"above a custom most", core.PasswordPolicy{MaxLength: 8}, "12345xyz9", "Password should be at most 8 characters"},
		{"invalid UTF-8", core.PasswordPolicy{}, "abcdefgh\xff", "Password should be valid text"},
		{"common", core.PasswordPolicy{}, "password", common},
		{"common, in other case", core.PasswordPolicy{}, "PassWord", common},
		{"common, longer", core.PasswordPolicy{}, "qwertyuiop", common},
		{"common and allowed", core.PasswordPolicy{AllowCommon: true}, "password", nil},
		{"common with a space", core.PasswordPolicy{}, "password ", nil},
		{"above most letters in other case", core.PasswordPolicy{}, "ÜBERMUT!", nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, func(c *core.Config[*Member]) { c.Passwords = test.policy })
			wantEqual(t, "reason", refusal(t, w, test.password), test.want)
		})
	}
}

func TestCommonPasswords(t *testing.T) {
	raw, err := os.ReadFile("common_passwords.txt")
	must(t, err)
	if !strings.HasSuffix(string(raw), "\n") {
		t.Error("the list does not end with a newline")
	}
	list := strings.Split(strings.TrimSuffix(string(raw), "\n"), "\n")
	if len(list) < 3000 {
		t.Errorf("got %d passwords, want at least 3000", len(list))
	}
	listed := map[string]bool{}
	for i, p := range list {
		listed[p] = true
		if i > 0 && list[i-1] >= p {
			t.Errorf("line %d: %q is not sorted after %q", i+1, p, list[i-1])
		}
		if p != strings.ToLower(p) || utf8.RuneCountInString(p) < 8 || !utf8.ValidString(p) {
			t.Errorf("line %d: %q is not 8 lower-case characters or more", i+1, p)
		}
	}

	w := newWorld(t)
	sample := []string{list[0], list[1], list[len(list)/2], list[len(list)-2], list[len(list)-1]}
	for i := 0; i < len(list); i += 97 {
		sample = append(sample, list[i])
	}
	for _, p := range sample {
		for _, variant := range []string{p, strings.ToUpper(p), p + "~", "~" + p, p[:len(p)-1] + "\x7f", p + p} {
			var want any
			if listed[strings.ToLower(variant)] {
				want = common
			}
			if got := refusal(t, w, variant); got != want {
				t.Errorf("%q: got %v, want %v", variant, got, want)
			}
		}
	}
}

func TestValidatePassword(t *testing.T) {
	type call struct {
		password, id, email, nickname string
	}
	var calls []call
	reason := map[string]any{"code": 7.0}
	w := newWorld(t, func(c *core.Config[*Member]) {
		c.ValidatePassword = func(_ context.Context, password string, u *Member) error {
			calls = append(calls, call{password, u.ID, u.Email, u.Nickname})
			if strings.Contains(password, u.Nickname) {
				return &core.PasswordError{Reason: reason}
			}
			return nil
		}
	})
	register := func(password string) (*Member, error) {
		return w.Register(t.Context(), &Member{User: core.User{Email: "ann@example.com"}, Nickname: "ann"}, password)
	}
	_, err := register("ann's horse")
	wantEqual(t, "reason on registration", passwordReason(err), any(reason))
	u, err := register(password)
	must(t, err)
	_, err = w.Update(t.Context(), u, core.Change[*Member]{Password: ptr("joann is me")})
	wantEqual(t, "reason on a change", passwordReason(err), any(reason))
	_, err = register("short")
	wantEqual(t, "reason of the policy, which is asked first", passwordReason(err), any("Password should be at least 8 characters"))
	wantEqual(t, "a login, which does not ask", w.lets(u.Email, password), true)
	wantEqual(t, "calls", calls, []call{
		{"ann's horse", "", "ann@example.com", "ann"},
		{password, "", "ann@example.com", "ann"},
		{"joann is me", u.ID, "ann@example.com", "ann"},
	})
}
