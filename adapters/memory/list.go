package memory

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

var _ ports.UserLister[*core.User] = (*users[*core.User])(nil)

// List implements [ports.UserLister]. Users are in the order of their ids.
func (s *users[U]) List(ctx context.Context, q ports.UserQuery) (ports.UserPage[U], error) {
	var page ports.UserPage[U]
	after, ok := "", true
	if q.After != "" {
		after, ok = s.ids.Parse(q.After)
	}
	if !ok || q.Limit < 1 {
		return page, core.ErrInvalidValue
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := ctx.Err(); err != nil {
		return page, err
	}
	ids := slices.SortedFunc(maps.Keys(s.byID), s.compare)
	if after != "" {
		at, found := slices.BinarySearchFunc(ids, after, s.compare)
		if found {
			at++
		}
		ids = ids[at:]
	}
	if len(ids) > q.Limit {
		ids = ids[:q.Limit]
		page.Next = ids[q.Limit-1]
	}
	for _, id := range ids {
		page.Users = append(page.Users, core.Clone(s.byID[id]))
	}
	return page, nil
}

// compare orders ids: numbers by value, others byte by byte.
func (s *data[U]) compare(a, b string) int {
	if s.ids == core.IntIDs {
		x, _ := strconv.ParseInt(a, 10, 64) // which they are
		y, _ := strconv.ParseInt(b, 10, 64)
		return cmp.Compare(x, y)
	}
	return strings.Compare(a, b)
}
