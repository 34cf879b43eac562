package mongostore

import (
	"context"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// List implements [ports.UserLister]. Users are in the order of their ids.
func (s *users[T, U]) List(ctx context.Context, q ports.UserQuery) (ports.UserPage[U], error) {
	const op = "list users"
	if err := ctx.Err(); err != nil {
		return ports.UserPage[U]{}, err
	}
	filter := bson.D{}
	if q.After != "" {
		after, ok := s.ids.parse(q.After)
		if !ok {
			return ports.UserPage[U]{}, core.ErrInvalidValue
		}
		filter = by(idField, by("$gt", s.ids.value(after)))
	}
	if q.Limit < 1 {
		return ports.UserPage[U]{}, core.ErrInvalidValue
	}
	docs, err := all(ctx, s.users, filter, options.Find().SetSort(by(idField, 1)).SetLimit(int64(q.Limit)+1))
	if err != nil {
		return ports.UserPage[U]{}, userError(ctx, op, err)
	}
	var page ports.UserPage[U]
	for i, doc := range docs {
		if i == q.Limit { // there are more
			page.Next = page.Users[i-1].AuthUser().ID
			break
		}
		u, err := decode[T, U](doc, s.ids)
		if err != nil {
			return ports.UserPage[U]{}, userError(ctx, op, err)
		}
		page.Users = append(page.Users, u)
	}
	return page, nil
}
