package sqlstore

import (
	"context"
	"reflect"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

var _ ports.UserLister[*core.User] = (*users[core.User, *core.User])(nil)

// List implements [ports.UserLister]. Users are in the order of their ids, as
// the engine compares them.
func (s *users[T, U]) List(ctx context.Context, q ports.UserQuery) (ports.UserPage[U], error) {
	const op = "list users"
	var page ports.UserPage[U]
	if err := ctx.Err(); err != nil {
		return page, s.readError(ctx, op, err)
	}
	query, args := s.first, []any{q.Limit + 1}
	if q.After != "" {
		after, ok := s.cfg.IDs.Parse(q.After)
		if !ok {
			return page, core.ErrInvalidValue
		}
		query, args = s.next, []any{after, q.Limit + 1}
	}
	if q.Limit < 1 {
		return page, core.ErrInvalidValue
	}
	err := s.retry(ctx, func() (err error) {
		page.Users, err = s.all(ctx, query, args)
		return err
	})
	if err != nil {
		return ports.UserPage[U]{}, s.readError(ctx, op, err)
	}
	if len(page.Users) > q.Limit {
		page.Users = page.Users[:q.Limit]
		page.Next = page.Users[q.Limit-1].AuthUser().ID
	}
	return page, nil
}

// all returns the users that query finds.
func (s *users[T, U]) all(ctx context.Context, query string, args []any) (list []U, err error) {
	rows, err := s.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		u := U(new(T))
		row := reflect.ValueOf(u).Elem()
		if err := rows.Scan(s.dest(row)...); err != nil {
			return nil, err
		}
		s.cutTimes(row)
		list = append(list, u)
	}
	return list, rows.Err()
}
