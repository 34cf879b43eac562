package core_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/gousher/usher/core"
)

// outdated makes a member whose hash is weaker than new ones.
func outdated(t *testing.T, tweaks ...func(*core.Config[*Member])) (*world, *Member) {
	t.Helper()
	w := newWorld(t, tweaks...)
	ann := w.member("ann@example.com", func(u *Member) { u.Nickname = "Ann" })
	w.hasher.version = 2
	w.edit(ann.ID, func(u *Member) { u.SessionEpoch = 5 })
	return w, w.row(ann.ID)
}

func TestUpgrade(t *testing.T) {
	w, before := outdated(t)
	w.now = noon.AddDate(0, 0, 1)
	got, err := w.Authenticate(t.Context(), before.Email, password)
	must(t, err)
	wantEqual(t, "the user returned", got, before)

	want := core.Clone(before)
	after := w.row(before.ID)
	if !strings.HasPrefix(after.HashedPassword, "hash:2:") {
		t.Errorf("hash kept: got %q, want one of version 2", after.HashedPassword)
	}
	want.HashedPassword, want.Revision, want.UpdatedAt = after.HashedPassword, before.Revision+1, w.now
	wantEqual(t, "the user kept", after, want)

	_, _, calls := w.work(func() { wantEqual(t, "a second login", w.lets(before.Email, password), true) })
	wantEqual(t, "calls of the store at a second login", calls, []string{"ByEmail"})
}

func TestNoUpgradeOfAWrongPassword(t *testing.T) {
	w, before := outdated(t)
	wantEqual(t, "a login", w.lets(before.Email, "battery staple"), false)
	wantEqual(t, "the user kept", w.row(before.ID), before)
}

// A login with the old password is halted while the password is changed.
func TestUpgradeRacesWithAPasswordChange(t *testing.T) {
	const changed = "battery staple"
	tests := []struct {
		name string
		halt func(w *world, change func())
	}{
		{"while the old password is verified", func(w *world, change func()) { duringHasher(w, "Verify", change) }},
		{"while the new hash is made", func(w *world, change func()) { duringHasher(w, "Hash", change) }},
		{"before the user is read for writing", func(w *world, change func()) { w.once("Update", change) }},
		{"before the new hash is written", func(w *world, change func()) { w.once("Update/write", change) }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w, ann := outdated(t)
			test.halt(w, func() {
				_, err := w.Update(t.Context(), ann, core.Change[*Member]{Password: ptr(changed)})
				must(t, err)
			})
			got, err := w.Authenticate(t.Context(), ann.Email, password)
			must(t, err)
			wantEqual(t, "epoch of the login", got.SessionEpoch, 5)
			wantEqual(t, "epoch kept", w.row(ann.ID).SessionEpoch, 6)
			wantEqual(t, "the old password lets in", w.lets(ann.Email, password), false)
			wantEqual(t, "the new password lets in", w.lets(ann.Email, changed), true)
			wantEqual(t, "log", w.log.String(), "")
		})
	}
}

// duringHasher makes f run once, within the next call of that name.
func duringHasher(w *world, name string, f func()) {
	w.hasher.during = func(call, _ string) error {
		if call == name {
			w.hasher.during = nil
			f()
		}
		return nil
	}
}

func TestUpgradeKeepsOtherChanges(t *testing.T) {
	w, ann := outdated(t)
	w.once("Update/write", func() {
		_, err := w.Update(t.Context(), ann, core.Change[*Member]{IsActive: ptr(false), Apply: func(u *Member) error { u.Nickname = "Annie"; return nil }})
		must(t, err)
	})
	_, err := w.Authenticate(t.Context(), ann.Email, password)
	must(t, err)
	got := w.row(ann.ID)
	if got.IsActive || got.Nickname != "Annie" || got.SessionEpoch != 6 || !strings.HasPrefix(got.HashedPassword, "hash:2:") {
		t.Errorf("got %+v, want the change and the new hash", got)
	}
}

func TestUpgradeFails(t *testing.T) {
	tests := []struct {
		name  string
		fault func(w *world)
		want  string
	}{
		{"outage of the store", func(w *world) { w.fail("Update") }, errOutage.Error()},
		{"outage at writing", func(w *world) { w.fail("Update/write") }, errOutage.Error()},
		{"outage of the hasher", func(w *world) {
			w.hasher.during = func(call, _ string) error {
				if call == "Hash" {
					return errOutage
				}
				return nil
			}
		}, errOutage.Error()},
		{"endless conflict", func(w *world) {
			w.store.at = func(_ context.Context, point string) error {
				if point == "Update/write" {
					w.edit("member-1", func(u *Member) { u.Revision++ })
				}
				return nil
			}
		}, core.ErrConflict.Error()},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w, ann := outdated(t)
			test.fault(w)
			got, err := w.Authenticate(t.Context(), ann.Email, password)
			must(t, err)
			wantEqual(t, "the user returned", got, ann)
			wantUpgradeLog(t, w, ann, test.want)
		})
	}
}

// wantUpgradeLog checks that one line names the user and the reason, and
// tells no secret.
func wantUpgradeLog(t *testing.T, w *world, u *Member, reason string) {
	t.Helper()
	line := w.log.String()
	for _, part := range []string{"level=WARN", "user=" + u.ID, reason} {
		if !strings.Contains(line, part) {
			t.Errorf("log: got %q, want it to contain %q", line, part)
		}
	}
	for _, secret := range []string{password, "hash:", u.Email} {
		if strings.Contains(line, secret) {
			t.Errorf("log: got %q, want it not to contain %q", line, secret)
		}
	}
	wantEqual(t, "lines in the log", strings.Count(line, "\n"), 1)
}

// An upgrade takes no second turn at the gate: it is done although somebody
// else is next.
func TestUpgradeTakesOneTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, ann := outdated(t, func(c *core.Config[*Member]) { c.Hashing.Memory = hashCost })
		w.hasher.during = func(call, given string) error {
			if call == "Verify" && given == password {
				go w.Authenticate(t.Context(), "other@example.com", "something else") // is next in the gate
				synctest.Wait()
			}
			return nil
		}
		_, err := w.Authenticate(t.Context(), ann.Email, password)
		must(t, err)
		if got := w.row(ann.ID).HashedPassword; !strings.HasPrefix(got, "hash:2:") {
			t.Errorf("got hash %q, want a new one", got)
		}
		wantEqual(t, "log", w.log.String(), "")
	})
}

// What the caller or another call did is nothing for an operator.
func TestUpgradeIsPointless(t *testing.T) {
	for name, fault := range map[string]func(w *world, cancel func()){
		"the user is deleted": func(w *world, _ func()) {
			w.once("Update", func() { must(w.t, w.store.Delete(w.t.Context(), "member-1")) })
		},
		"the caller goes away": func(w *world, cancel func()) { w.once("Update", cancel) },
	} {
		t.Run(name, func(t *testing.T) {
			w, ann := outdated(t)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			fault(w, cancel)
			_, err := w.Authenticate(ctx, ann.Email, password)
			must(t, err)
			wantEqual(t, "log", w.log.String(), "")
		})
	}
}
