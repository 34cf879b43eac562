package mongostore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/gousher/usher/core"
	"go.mongodb.org/mongo-driver/v2/mongo"
)

// refused is what the driver returns where a unique index refuses a write.
func refused(text string) error {
	return mongo.WriteException{WriteErrors: mongo.WriteErrors{{Code: 11000, Message: text}}}
}

func TestErrors(t *testing.T) {
	const e11000 = "E11000 duplicate key error collection: app.users"
	live, stop := context.WithTimeout(t.Context(), time.Hour)
	defer stop()
	over, cancel := context.WithCancel(t.Context())
	cancel()
	outage := errors.New("an outage") // stands for what is none of core's
	for _, tt := range []struct {
		name        string
		ctx         context.Context
		err         error
		user, token error
	}{
		{"none", live, nil, nil, nil},
		{"no document", live, mongo.ErrNoDocuments, core.ErrUserNotFound, core.ErrTokenNotFound},
		{"e-mail key", live, refused(e11000 + " index: email_key_1 dup key: { email_key: \"a\" }"), core.ErrEmailTaken, core.ErrTokenTaken},
		{"id", live, refused(e11000 + " index: _id_ dup key: { _id: \"a\" }"), core.ErrInvalidValue, core.ErrTokenTaken},
		{"the application's index", live, refused(e11000 + " index: nickname_1 dup key: { nickname: \"a\" }"), core.ErrInvalidValue, core.ErrTokenTaken},
		{"no index named", live, refused(e11000), core.ErrEmailTaken, core.ErrTokenTaken},
		{"SQLite's words", live, mongo.CommandError{Code: 1, Message: "UNIQUE constraint failed: index 'x'"}, core.ErrEmailTaken, core.ErrTokenTaken},
		{"cannot be kept", live, fmt.Errorf("encode: %w", core.ErrInvalidValue), core.ErrInvalidValue, core.ErrInvalidValue},
		{"connection lost", live, mongo.CommandError{Message: "lost", Labels: []string{"NetworkError"}, Wrapped: io.ErrUnexpectedEOF}, outage, outage},
		{"cancelled", over, io.ErrUnexpectedEOF, context.Canceled, context.Canceled},
		{"refused before the deadline", live, fmt.Errorf("not sent: %w", context.DeadlineExceeded), context.DeadlineExceeded, context.DeadlineExceeded},
		{"given up by the server", live, mongo.CommandError{Code: 50, Message: "operation exceeded time limit"}, context.DeadlineExceeded, context.DeadlineExceeded},
		{"late without a deadline", t.Context(), mongo.CommandError{Code: 50, Message: "operation exceeded time limit"}, outage, outage},
	} {
		for entity, got := range map[string][2]error{
			"user": {userError(tt.ctx, "do", tt.err), tt.user}, "token": {tokenError(tt.ctx, "do", tt.err), tt.token},
		} {
			switch got, want := got[0], got[1]; {
			case want == outage:
				if got == nil || !errors.Is(got, tt.err) && got.Error() != "mongostore: do: "+tt.err.Error() {
					t.Errorf("%s of a %s: got %v, want it wrapped", tt.name, entity, got)
				}
				for _, domain := range []error{core.ErrUserNotFound, core.ErrTokenNotFound, core.ErrEmailTaken, core.ErrTokenTaken, core.ErrInvalidValue} {
					if errors.Is(got, domain) {
						t.Errorf("%s of a %s: got %v", tt.name, entity, got)
					}
				}
			case got != want:
				t.Errorf("%s of a %s: got %v, want %v", tt.name, entity, got, want)
			}
		}
	}
}

func TestConfigProblems(t *testing.T) {
	type byPointer struct{ *core.User }
	type busy struct {
		core.User `bson:",inline"`
		Micros    string `bson:"micros"`
	}
	var none *mongo.Database
	db := &mongo.Database{}
	for _, tt := range []struct {
		want string
		err  error
	}{
		{"mongostore: db is missing", newError[member](none, Config{})},
		{"mongostore: IDs 7 is none of UUIDs, TextIDs and ObjectIDs; Users, Tokens and Accounts are not three: \"tokens\", \"tokens\", \"accounts\"", newError[member](db, Config{IDs: 7, Users: "tokens"})},
		{`mongostore: Users "a$b" cannot be the name of a collection; Tokens "system.x" cannot be the name of a collection`,
			newError[member](db, Config{Users: "a$b", Tokens: "system.x"})},
		{"mongostore: mongostore.byPointer is not a struct that embeds core.User by value", newError[byPointer](db, Config{})},
		{`mongostore: mongostore.busy has a field "micros", which the store needs`, newError[busy](db, Config{})},
	} {
		var config *core.ConfigError
		if !errors.As(tt.err, &config) || config.Error() != tt.want {
			t.Errorf("got %v, want %s", tt.err, tt.want)
		}
	}
}

func newError[T any, U core.UserPtr[T]](db *mongo.Database, cfg Config) error {
	_, err := New[T, U](db, cfg)
	return err
}
