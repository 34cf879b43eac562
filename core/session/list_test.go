package session_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/core/session"
	"github.com/gousher/usher/ports"
)

var ann = &core.User{ID: "ann", SessionEpoch: 3}

// logins makes sessions of ann a minute apart, with these families.
func (w *world) logins(families ...string) (tokens []string) {
	w.t.Helper()
	for _, family := range families {
		g := login
		g.Family = family
		tokens = append(tokens, w.issue(g))
		w.now = w.now.Add(minute)
	}
	return tokens
}

func ids(sessions []session.Session) []string {
	out := []string{}
	for _, s := range sessions {
		out = append(out, s.ID)
	}
	return out
}

func TestList(t *testing.T) {
	w := newWorld(t, session.Config{})
	got, err := w.List(t.Context(), ann)
	must(t, err)
	wantEqual(t, "sessions of nobody", got, []session.Session{})

	w.logins("a", "b")
	got, err = w.List(t.Context(), ann)
	must(t, err)
	one := session.Session{
		ID: "a", At: noon, Methods: []string{"pwd", "otp"}, Expires: noon.Add(hour),
		Peer: netip.MustParseAddr("2001:db8::1"), UserAgent: "curl",
	}
	two := one
	two.ID, two.At, two.Expires = "b", noon.Add(minute), noon.Add(minute+hour)
	wantEqual(t, "sessions, the newest first", got, []session.Session{two, one})
}

func TestListLeavesOut(t *testing.T) {
	w := newWorld(t, session.Config{})
	w.issue(ports.Grant{UserID: "ann", Epoch: 2, Family: "old password"})
	w.issue(ports.Grant{UserID: "ann", Epoch: 4, Family: "not yet"})
	w.issue(ports.Grant{UserID: "ben", Epoch: 3, Family: "another user's"})
	w.configure(session.Config{Purpose: "admin"})
	w.logins("another purpose")
	w.configure(session.Config{})
	w.now = noon
	tokens := w.logins("early", "spoilt", "ended", "late")
	spoilt := w.store.tokens[key{"session", digest(tokens[1])}]
	spoilt.Data = []byte("{")
	w.store.tokens[key{"session", digest(tokens[1])}] = spoilt
	must(t, w.End(t.Context(), tokens[2]))

	for _, test := range []struct {
		name string
		at   time.Duration
		want []string
	}{
		{"before the first ends", hour - tick, []string{"late", "early"}},
		{"when the first ends", hour, []string{"late"}},
		{"when the last ends", hour + 3*minute, []string{}},
	} {
		w.now = noon.Add(test.at)
		got, err := w.List(t.Context(), ann)
		must(t, err)
		wantEqual(t, test.name, ids(got), test.want)
	}
}

func TestListOfEndlessSessions(t *testing.T) {
	w := newWorld(t, session.Config{Lifetime: -1, Idle: -1})
	w.logins("a")
	w.now = noon.Add(1000 * day)
	got, err := w.List(t.Context(), ann)
	must(t, err)
	wantEqual(t, "sessions", ids(got), []string{"a"})
	wantEqual(t, "expiry", got[0].Expires, time.Time{})
}

func TestEndOne(t *testing.T) {
	ben := &core.User{ID: "ben", SessionEpoch: 3}
	tests := []struct {
		name string
		user *core.User
		id   string
		want error
		left int
	}{
		{"one", ann, "a", nil, 4},
		{"of two tokens", ann, "b", nil, 3},
		{"unknown", ann, "x", core.ErrTokenNotFound, 5},
		{"none", ann, "", core.ErrTokenNotFound, 5},
		{"another user's", ben, "a", core.ErrTokenNotFound, 5},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, session.Config{})
			tokens := w.logins("a", "b", "b", "c", "")
			wantErr(t, w.EndOne(t.Context(), test.user, test.id), test.want)
			wantEqual(t, "tokens kept", len(w.store.tokens), test.left)
			_, err := w.Verify(t.Context(), tokens[3])
			must(t, err)
			wantErr(t, w.EndOne(t.Context(), test.user, test.id), core.ErrTokenNotFound)
		})
	}
}

// Somebody else ends the session at the same time.
func TestEndOneRace(t *testing.T) {
	w := newWorld(t, session.Config{})
	tokens := w.logins("a")
	w.store.at = func(call string) error {
		if call == "Take" {
			w.store.at = nil
			return w.End(t.Context(), tokens[0])
		}
		return nil
	}
	wantErr(t, w.EndOne(t.Context(), ann, "a"), core.ErrTokenNotFound)
}

func TestEndOthers(t *testing.T) {
	for _, test := range []struct {
		name, id string
		want     []string
	}{{"but one", "b", []string{"b"}}, {"of an unknown", "x", []string{}}, {"all", "", []string{}}} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, session.Config{})
			w.logins("a", "b", "c")
			spared := w.issue(ports.Grant{UserID: "ben", Family: "a"})
			must(t, w.EndOthers(t.Context(), ann, test.id))
			got, err := w.List(t.Context(), ann)
			must(t, err)
			wantEqual(t, "sessions", ids(got), test.want)
			_, err = w.Verify(t.Context(), spared)
			must(t, err)
		})
	}
}

func TestPurge(t *testing.T) {
	w := newWorld(t, session.Config{})
	tokens := w.logins("a", "b", "c", "d")
	w.configure(session.Config{Lifetime: -1, Idle: -1})
	w.logins("for ever")
	w.now = noon.Add(hour + 2*minute + 999) // a and b are over, c ends at this microsecond
	for i, want := range []int{1, 1, 0} {
		n, err := w.Purge(t.Context(), 1)
		must(t, err)
		if n != want {
			t.Errorf("call %d: got %d purged, want %d", i, n, want)
		}
	}
	wantEqual(t, "tokens kept", len(w.store.tokens), 3)
	for i, want := range []error{core.ErrInvalidToken, core.ErrInvalidToken, core.ErrInvalidToken, nil} {
		_, err := w.Verify(t.Context(), tokens[i])
		wantErr(t, err, want)
	}
	w.now = noon.Add(day)
	n, err := w.Purge(t.Context(), 10)
	must(t, err)
	wantEqual(t, "purged later", n, 2)
}
