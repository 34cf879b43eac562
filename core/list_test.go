package core_test

import (
	"context"
	"errors"
	"testing"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

// asked is a lister that notes what it is asked for.
type asked struct{ q ports.UserQuery }

func (a *asked) List(_ context.Context, q ports.UserQuery) (ports.UserPage[*Member], error) {
	a.q = q
	if q.Limit < 1 {
		return ports.UserPage[*Member]{}, core.ErrInvalidValue
	}
	return ports.UserPage[*Member]{Next: "1"}, nil
}

func TestList(t *testing.T) {
	lister := &asked{}
	w := newWorld(t, func(cfg *core.Config[*Member]) { cfg.Stores.Lister = lister })
	if !w.Lists() {
		t.Error("the manager does not list")
	}
	for limit, want := range map[int]int{0: 50, 1: 1, 1000: 1000, 1001: 1000} {
		p, err := w.List(t.Context(), ports.UserQuery{After: "0", Limit: limit})
		if err != nil || p.Next != "1" || lister.q != (ports.UserQuery{After: "0", Limit: want}) {
			t.Errorf("limit %d: asked for %+v; got %+v, %v", limit, lister.q, p, err)
		}
	}
	if _, err := w.List(t.Context(), ports.UserQuery{Limit: -1}); !errors.Is(err, core.ErrInvalidValue) {
		t.Errorf("negative limit: %v", err)
	}
	without := newWorld(t)
	if _, err := without.List(t.Context(), ports.UserQuery{}); without.Lists() || !errors.Is(err, core.ErrNoLister) {
		t.Errorf("without a lister: %t, %v", without.Lists(), err)
	}
}
