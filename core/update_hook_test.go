package core_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gousher/usher/core"
)

func TestAfterUpdate(t *testing.T) {
	yes := ptr(true)
	rename := func(u *Member) error { u.Nickname = "Annie"; return nil }
	all := change{Password: ptr(other), Email: ptr("b@c.d"), IsActive: yes, IsSuperuser: yes, IsVerified: yes, Apply: rename}
	tests := []struct {
		name         string
		change       change
		update, self []string
	}{
		{"nothing", change{}, []string{}, []string{}},
		{"everything", all, []string{"password", "email", "is_active", "is_superuser", "is_verified"}, []string{"password", "email"}},
		{"flags", change{IsActive: yes}, []string{"is_active"}, []string{}},
		{"names given", change{Apply: rename, Fields: []string{"nickname"}}, []string{"nickname"}, []string{"nickname"}},
		{"names given for nothing", change{Fields: []string{"password"}}, []string{"password"}, []string{"password"}},
		{"no names given", change{Apply: rename, Fields: []string{}}, []string{}, []string{}},
	}
	for _, test := range tests {
		for name, want := range map[string][]string{"Update": test.update, "UpdateSelf": test.self} {
			t.Run(name+"/"+test.name, func(t *testing.T) {
				var fields [][]string
				var users []*Member
				ctx, cancel := context.WithCancel(t.Context())
				w := newWorld(t, func(c *core.Config[*Member]) {
					c.Hooks.AfterUpdate = func(ctx context.Context, u *Member, names []string) {
						cancel()
						must(t, ctx.Err())
						users, fields = append(users, u), append(fields, names)
					}
				})
				update := w.Update
				if name == "UpdateSelf" {
					update = w.UpdateSelf
				}
				got, err := update(ctx, w.put(subject()), test.change)
				must(t, err)
				wantEqual(t, "fields", fields, [][]string{want})
				wantEqual(t, "users", users, []*Member{got})
				for _, value := range []string{other, "b@c.d", "Annie"} {
					if told := fmt.Sprint(fields); strings.Contains(told, value) {
						t.Errorf("fields: got %s, which tells the value %q", told, value)
					}
				}
			})
		}
	}
}

func TestEmptyUpdateDoesNoWork(t *testing.T) {
	w := newWorld(t)
	ann := w.put(subject())
	tests := []struct {
		name string
		call func() (*Member, error)
	}{
		{"Update", func() (*Member, error) { return w.Update(t.Context(), ann, change{}) }},
		{"Update of names alone", func() (*Member, error) {
			return w.Update(t.Context(), ann, change{Fields: []string{"password"}})
		}},
		{"UpdateSelf", func() (*Member, error) { return w.UpdateSelf(t.Context(), ann, change{}) }},
		{"UpdateSelf of flags", func() (*Member, error) {
			return w.UpdateSelf(t.Context(), ann, change{IsSuperuser: ptr(true)})
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			hashed, verified, calls := w.work(func() {
				got, err := test.call()
				must(t, err)
				wantEqual(t, "user", got, subject())
			})
			wantEqual(t, "hashes made and verified", []int{hashed, verified}, []int{0, 0})
			wantEqual(t, "calls of the store", calls, nil)
		})
	}
}

func TestEndSessions(t *testing.T) {
	w := newWorld(t)
	w.now = noon.Add(time.Hour)
	for _, test := range []struct {
		name   string
		before []func(*Member)
	}{{"active", nil}, {"inactive", []func(*Member){inactive}}} {
		t.Run(test.name, func(t *testing.T) {
			ann := w.put(subject(test.before...))
			got, err := w.EndSessions(t.Context(), ann)
			must(t, err)
			want := subject(test.before...)
			want.SessionEpoch, want.Revision, want.UpdatedAt = 6, 9, w.now
			wantEqual(t, "the user returned", got, want)
			wantEqual(t, "the user kept", w.row("ann"), want)
			wantEqual(t, "the user given", ann, subject(test.before...))
		})
	}
	_, err := w.EndSessions(t.Context(), subject(func(u *Member) { u.ID = "gone" }))
	wantErr(t, err, core.ErrUserNotFound)
	w.fail("Update")
	_, err = w.EndSessions(t.Context(), subject())
	wantErr(t, err, errOutage)
}
