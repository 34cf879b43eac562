package mongostore

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/gousher/usher/core"
	"go.mongodb.org/mongo-driver/v2/mongo"
)

// userError is what a method of the users returns for an error within it.
func userError(ctx context.Context, op string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, mongo.ErrNoDocuments):
		return core.ErrUserNotFound
	case isDuplicate(err) && names(err, keyField):
		return core.ErrEmailTaken
	case isDuplicate(err): // of the ids, or one of the application's
		return core.ErrInvalidValue
	default:
		return failure(ctx, op, err)
	}
}

// names reports whether the index that refused a write may be that of a field.
// FerretDB 1 does not say which one it is.
func names(err error, field string) bool {
	return !strings.Contains(err.Error(), " index: ") || strings.Contains(err.Error(), " index: "+field+"_1")
}

// tokenError is what a method of the tokens returns for an error within it.
func tokenError(ctx context.Context, op string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, mongo.ErrNoDocuments):
		return core.ErrTokenNotFound
	case isDuplicate(err):
		return core.ErrTokenTaken
	default:
		return failure(ctx, op, err)
	}
}

// accountError is what a method of the accounts returns for an error within it.
func accountError(ctx context.Context, op string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, mongo.ErrNoDocuments), errors.Is(err, core.ErrAccountNotFound):
		return core.ErrAccountNotFound
	case errors.Is(err, core.ErrAccountTaken):
		return core.ErrAccountTaken
	default:
		return failure(ctx, op, err)
	}
}

// isDuplicate reports whether a unique index refused a write. FerretDB 1 says so
// of an update in the words of SQLite.
func isDuplicate(err error) bool {
	return mongo.IsDuplicateKeyError(err) || strings.Contains(err.Error(), "UNIQUE constraint failed")
}

// failure is the error of the context, where that is why something failed, or
// an outage.
func failure(ctx context.Context, op string, err error) error {
	if errors.Is(err, core.ErrInvalidValue) {
		return core.ErrInvalidValue
	}
	if ended := ctx.Err(); ended != nil {
		return ended
	}
	// The driver does not begin what would not end before the deadline, and
	// tells the server about it, which may give up first.
	if _, ok := ctx.Deadline(); ok && mongo.IsTimeout(err) {
		return context.DeadlineExceeded
	}
	return fmt.Errorf("mongostore: %s: %w", op, err)
}
