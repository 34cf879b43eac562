package core

import (
	"context"

	"github.com/gousher/usher/ports"
)

// Pages of users have pageSize users unless the query says how many, and
// maxPageSize at most.
const (
	pageSize    = 50
	maxPageSize = 1000
)

// Lists says whether the manager can list users.
func (m *Manager[U]) Lists() bool { return m.cfg.Stores.Lister != nil }

// List returns a page of users, of 50 where q.Limit is zero, and of 1,000 at
// most. It returns [ErrInvalidValue] for a negative limit and for an After
// that cannot be the Next of a page, and [ErrNoLister].
func (m *Manager[U]) List(ctx context.Context, q ports.UserQuery) (ports.UserPage[U], error) {
	if !m.Lists() {
		return ports.UserPage[U]{}, ErrNoLister
	}
	switch {
	case q.Limit == 0:
		q.Limit = pageSize
	case q.Limit > maxPageSize:
		q.Limit = maxPageSize
	}
	return m.cfg.Stores.Lister.List(ctx, q)
}
