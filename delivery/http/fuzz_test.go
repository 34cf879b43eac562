package httpauth_test

import (
	"net/http/httptest"
	"strings"
	"testing"
)

// FuzzAuthorization: whatever the header says, the answer is the user's only
// where it holds a bearer token that is good, and else 401.
func FuzzAuthorization(f *testing.F) {
	for _, seed := range []string{"", "Bearer", "Bearer ", "Bearer king", "bEaReR  king\t", "Bearer\tking", " Bearer king", "Bearer king king", "Basic king", "Bearer \xff", "Bearer king,Bearer queen"} {
		f.Add(seed)
	}
	w := newWorld(f)
	me, other := jsonAnswer(200, kingJSON), unauthorized
	f.Fuzz(func(t *testing.T, header string) {
		r := httptest.NewRequest("GET", "/users/me", nil)
		r.Header["Authorization"] = []string{header}
		scheme, token, _ := strings.Cut(header, " ")
		want := other
		if strings.EqualFold(scheme, "bearer") {
			switch strings.TrimSpace(token) {
			case "king":
				want = me
			case "queen", "squire", "ruler":
				return
			}
		}
		if got := answerOf(w.api, r); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	})
}
