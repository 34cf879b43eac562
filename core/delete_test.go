package core_test

import (
	"context"
	"errors"
	"testing"

	"github.com/gousher/usher/core"
)

func TestDelete(t *testing.T) {
	veto := errors.New("members with open orders stay")
	tests := []struct {
		name  string
		veto  error
		fault func(w *world)
		want  error
		hooks []string
		left  int
	}{
		{"deleted", nil, nil, nil, []string{"before", "after"}, 0},
		{"vetoed", veto, nil, veto, []string{"before"}, 1},
		{"gone", nil, func(w *world) { clear(w.store.users) }, core.ErrUserNotFound, []string{"before"}, 0},
		{"outage", nil, func(w *world) { w.fail("Delete") }, errOutage, []string{"before"}, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			var hooks []string
			w := newWorld(t, func(c *core.Config[*Member]) {
				c.Hooks.BeforeDelete = func(got context.Context, u *Member) error {
					hooks = append(hooks, "before")
					wantEqual(t, "the user before", u, subject())
					if got != ctx {
						t.Error("BeforeDelete: got another context than the caller's")
					}
					return test.veto
				}
				c.Hooks.AfterDelete = func(got context.Context, u *Member) {
					cancel()
					must(t, got.Err())
					hooks = append(hooks, "after")
					wantEqual(t, "the user after", u, subject())
				}
			})
			ann := w.put(subject())
			if test.fault != nil {
				test.fault(w)
			}
			err := w.Delete(ctx, ann)
			wantEqual(t, "error", err, test.want)
			wantEqual(t, "hooks", hooks, test.hooks)
			wantEqual(t, "members left", len(w.store.users), test.left)
			cancel()
		})
	}
}

func TestDeleteWithoutHooks(t *testing.T) {
	w := newWorld(t)
	ann := w.member("ann@example.com")
	must(t, w.Delete(t.Context(), ann))
	wantErr(t, w.Delete(t.Context(), ann), core.ErrUserNotFound)
	w.member("ann@example.com") // the address is free again
}
