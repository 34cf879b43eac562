package core_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gousher/usher/core"
)

func TestAuthenticate(t *testing.T) {
	w := newWorld(t, func(c *core.Config[*Member]) { c.Passwords.AllowCommon = true })
	long := strings.Repeat("🐎", 1024)
	ann := w.member("Ann@Example.com", func(u *Member) { u.Nickname = "Ann" })
	ben := w.member("ben@example.com", func(u *Member) { u.IsActive, u.IsVerified = false, false })
	cat, err := w.Create(t.Context(), &Member{User: core.User{Email: "cat@example.com"}}, long)
	must(t, err)
	w.edit(w.member("unusable@example.com").ID, func(u *Member) { u.HashedPassword = "!" })
	w.edit(w.member("empty@example.com").ID, func(u *Member) { u.HashedPassword = "" })

	tests := []struct {
		name, email, password string
		want                  *Member
	}{
		{"right", "Ann@Example.com", password, ann},
		{"right, the address in other case", " ann@EXAMPLE.com ", password, ann},
		{"wrong", "ann@example.com", "battery staple", nil},
		{"other case", "ann@example.com", strings.ToUpper(password), nil},
		{"white space around it", "ann@example.com", " " + password, nil},
		{"empty", "ann@example.com", "", nil},
		{"unknown address", "dan@example.com", password, nil},
		{"no address", "", password, nil},
		{"inactive and unverified", "ben@example.com", password, ben},
		{"unusable hash", "unusable@example.com", password, nil},
		{"unusable hash, the hash given", "unusable@example.com", "!", nil},
		{"empty hash", "empty@example.com", password, nil},
		{"empty hash, nothing given", "empty@example.com", "", nil},
		{"the hash given", "ann@example.com", ann.HashedPassword, nil},
		{"as long as can be", "cat@example.com", long, cat},
		{"too long", "cat@example.com", long + "x", nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := w.Authenticate(t.Context(), test.email, test.password)
			if test.want == nil {
				wantErr(t, err, core.ErrInvalidCredentials)
				wantEqual(t, "error", err, core.ErrInvalidCredentials)
			} else {
				must(t, err)
			}
			wantEqual(t, "member", got, test.want)
		})
	}
}

func TestAuthenticateTakesEqualWork(t *testing.T) {
	w := newWorld(t)
	w.member("ann@example.com")
	w.edit(w.member("unusable@example.com").ID, func(u *Member) { u.HashedPassword = "!" })
	w.edit(w.member("empty@example.com").ID, func(u *Member) { u.HashedPassword = "" })
	tests := []struct {
		name, email, password string
		verified              int
		calls                 []string
	}{
		{"known, wrong password", "ann@example.com", "battery staple", 1, []string{"ByEmail"}},
		{"unknown", "ben@example.com", password, 1, []string{"ByEmail"}},
		{"unusable hash", "unusable@example.com", password, 1, []string{"ByEmail"}},
		{"empty hash", "empty@example.com", password, 1, []string{"ByEmail"}},
		{"too long, known", "ann@example.com", strings.Repeat("x", 4097), 0, nil},
		{"too long, unknown", "ben@example.com", strings.Repeat("x", 4097), 0, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			hashed, verified, calls := w.work(func() {
				_, err := w.Authenticate(t.Context(), test.email, test.password)
				wantErr(t, err, core.ErrInvalidCredentials)
			})
			wantEqual(t, "hashes made", hashed, 0)
			wantEqual(t, "hashes verified", verified, test.verified)
			wantEqual(t, "calls of the store", calls, test.calls)
		})
	}
}

func TestAuthenticateOutages(t *testing.T) {
	tests := []struct {
		name  string
		fault func(w *world)
	}{
		{"store", func(w *world) { w.fail("ByEmail") }},
		{"hasher", func(w *world) { w.hasher.during = func(string, string) error { return errOutage } }},
	}
	for _, test := range tests {
		for _, email := range []string{"ann@example.com", "unknown@example.com"} {
			t.Run(test.name+", "+email, func(t *testing.T) {
				w := newWorld(t)
				w.member("ann@example.com")
				test.fault(w)
				u, err := w.Authenticate(t.Context(), email, password)
				wantErr(t, err, errOutage)
				if u != nil || errors.Is(err, core.ErrInvalidCredentials) {
					t.Errorf("got user %v and error %v", u, err)
				}
			})
		}
	}
}

// A slow hasher holds the gate, which has room for one.
func TestBusy(t *testing.T) {
	tests := []struct {
		name string
		call func(ctx context.Context, w *world, ann *Member) error
	}{
		{"Authenticate", func(ctx context.Context, w *world, ann *Member) error {
			_, err := w.Authenticate(ctx, ann.Email, password)
			return err
		}},
		{"Authenticate, unknown address", func(ctx context.Context, w *world, _ *Member) error {
			_, err := w.Authenticate(ctx, "unknown@example.com", password)
			return err
		}},
		{"Register", func(ctx context.Context, w *world, _ *Member) error {
			_, err := w.Register(ctx, &Member{User: core.User{Email: "ben@example.com"}}, password)
			return err
		}},
		{"Update", func(ctx context.Context, w *world, ann *Member) error {
			_, err := w.Update(ctx, ann, core.Change[*Member]{Password: ptr("battery staple")})
			return err
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, func(c *core.Config[*Member]) {
					c.Hashing = core.Hashing{Memory: hashCost, Queue: 1, Wait: 3 * time.Second}
				})
				ann := w.member("ann@example.com")
				release := make(chan struct{})
				w.hasher.during = func(string, string) error { <-release; return nil }
				for range 2 { // one in the gate and one in the queue
					go w.Authenticate(t.Context(), "other@example.com", password)
					synctest.Wait()
				}

				began := time.Now()
				err := test.call(t.Context(), w, ann)
				var busy *core.BusyError
				if !errors.As(err, &busy) || busy.RetryAfter < time.Second {
					t.Errorf("queue full: got error %v, want a *core.BusyError that asks for a second or more", err)
				}
				wantEqual(t, "time waited for a full queue", time.Since(began), 0)
				close(release)
				synctest.Wait()
				wantEqual(t, "members kept", len(w.store.users), 1)
				wantEqual(t, "ann", w.row(ann.ID), ann)
			})
		})
	}
}

// In a flood, those who are turned away cost nothing that others wait for.
func TestAuthenticateAsksNothingWhereTheQueueIsFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(c *core.Config[*Member]) { c.Hashing = core.Hashing{Memory: hashCost, Queue: 1} })
		release := make(chan struct{})
		w.hasher.during = func(string, string) error { <-release; return nil }
		for range 2 { // one in the gate and one in the queue
			go w.Authenticate(t.Context(), "other@example.com", password)
			synctest.Wait()
		}
		_, _, calls := w.work(func() {
			_, err := w.Authenticate(t.Context(), "ann@example.com", password)
			if _, busy := errors.AsType[*core.BusyError](err); !busy {
				t.Errorf("got error %v, want a *core.BusyError", err)
			}
		})
		wantEqual(t, "calls of the store", calls, nil)
		close(release)
	})
}

func TestAuthenticateOfALeavingCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(c *core.Config[*Member]) { c.Hashing.Memory = hashCost })
		w.member("ann@example.com")
		release := make(chan struct{})
		w.hasher.during = func(string, string) error { <-release; return nil }
		go w.Authenticate(t.Context(), "other@example.com", password)
		synctest.Wait()

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := w.Authenticate(ctx, "ann@example.com", password)
		wantErr(t, err, context.DeadlineExceeded)

		_, err = w.Authenticate(t.Context(), "ann@example.com", password)
		var busy *core.BusyError
		if !errors.As(err, &busy) {
			t.Errorf("after the default wait: got error %v, want a *core.BusyError", err)
		}
		close(release)
	})
}
