package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gousher/usher/core"
)

// TakeOverConfig says what to take over.
type TakeOverConfig struct {
	// Key computes the key of an address, as ports.Emails does. Required.
	Key func(email string) string
	// Accounts names FastAPI Users' table of accounts at identity providers.
	// Empty means "oauth_account"; it need not be there.
	Accounts string
}

// CollisionError says why a table was not taken over: users who are one to
// usher and several to FastAPI Users. Nothing was changed.
type CollisionError struct {
	// Addresses are groups of addresses that have one key, and Accounts those
	// that more than one user has, "provider account-id": the first hundred in
	// the order of their texts.
	Addresses [][]string
	Accounts  []string
	// More is how many are not listed.
	More int
}

// maxCollisions is how many collisions are listed of a kind.
const maxCollisions = 100

func (e *CollisionError) Error() string {
	var out strings.Builder
	out.WriteString("sqlstore: take over: nothing was changed, as these are one")
	for _, group := range e.Addresses {
		fmt.Fprintf(&out, "; the addresses %q", group)
	}
	for _, account := range e.Accounts {
		fmt.Fprintf(&out, "; the account %q of several users", account)
	}
	if e.More > 0 {
		fmt.Fprintf(&out, "; and %d more", e.More)
	}
	return out.String()
}

// TakeOver makes of the table of users of FastAPI Users, as SQLAlchemy made it,
// one that [New] works on: it adds the columns that are missing, fills them,
// and then does what [Migrate] does. Ids, hashes and everything else stay as
// they are. The accounts of its table oauth_account are copied, without the
// provider's tokens, which come anew when the user logs in. That table, and the
// table of access tokens, are left alone; [NewLegacy] reads the latter.
//
// The unique index ix_user_email, or as the table is named, gives way to one of
// the keys. All of it happens or nothing. It may be called again, and by several
// processes at once; once the table is taken over it is Migrate, and fails where
// the keys are no longer unique. The program that wrote to the tables before
// must have been stopped.
//
// Integers for ids are refused on SQLite: SQLAlchemy's tables there give the id
// of a deleted user to the next one.
//
// It returns a *[CollisionError] where users cannot be told apart, a
// *core.ConfigError as New does, also on MySQL, whose schema cannot be changed
// as a whole, or what Migrate returns.
func TakeOver[T any, U core.UserPtr[T]](ctx context.Context, db *sql.DB, d Dialect, columns []Column, cfg Config, from TakeOverConfig) error {
	const op = "take over"
	var conn DB // a nil *sql.DB is no DB
	if db != nil {
		conn = db
	}
	s, err := newStore[T, U](conn, d, columns, cfg)
	if err := errors.Join(err, from.validate(d)); err != nil {
		return err
	}
	steps, err := steps(schemas, d.name)
	if err != nil {
		return s.readError(ctx, op, err)
	}
	err = d.exclusively(ctx, db, func(c DB) error {
		in := *s
		in.db = c
		done, err := in.applied(ctx, c)
		if err != nil {
			return err
		}
		if done > 0 { // it was taken over, or made, before
			if err := errors.Join(in.apply(ctx, c, steps), in.addColumns(ctx, c)); err != nil {
				return err
			}
			return in.checkKeys(ctx)
		}
		if err := in.takeUsers(ctx, from.Key); err != nil {
			return err
		}
		if err := in.record(ctx, c, 1, steps[0].name); err != nil {
			return err
		}
		if err := in.apply(ctx, c, steps); err != nil {
			return err
		}
		if err := in.addColumns(ctx, c); err != nil {
			return err
		}
		return in.takeAccounts(ctx, from.Accounts)
	})
	if collisions, ok := errors.AsType[*CollisionError](err); ok {
		return collisions
	}
	if err != nil {
		return s.readError(ctx, op, err)
	}
	return nil
}

func (c *TakeOverConfig) validate(d Dialect) error {
	var problems []string
	if c.Accounts == "" {
		c.Accounts = "oauth_account"
	}
	if c.Key == nil {
		problems = append(problems, "Key is missing")
	}
	if !nameForm.MatchString(c.Accounts) {
		problems = append(problems, fmt.Sprintf("Accounts %q is not a name of at most 40 ASCII letters, digits and underscores", c.Accounts))
	}
	if d.takenOver == nil {
		problems = append(problems, fmt.Sprintf("%s cannot take back half a change of its schema: move the users to new tables", d.name))
	}
	if problems != nil {
		return &core.ConfigError{Of: "sqlstore.TakeOverConfig", Problems: problems}
	}
	return nil
}

// takeUsers adds what the table of users lacks to be usher's, and fills it.
func (s *store) takeUsers(ctx context.Context, key func(string) string) error {
	there, err := s.columnTypes(ctx, s.db)
	if err != nil {
		return err
	}
	for _, name := range []string{"id", "email", "hashed_password", "is_active", "is_superuser", "is_verified"} {
		if there[name] == "" {
			return fmt.Errorf("the table %s has no column %s: it is not one of FastAPI Users", s.cfg.Users, name)
		}
	}
	if !s.hasIDs(there["id"]) {
		return fmt.Errorf("IDs: the column id is of type %s, which are other ids", there["id"])
	}
	if s.cfg.IDs == core.IntIDs && s.d.name == "sqlite" {
		return fmt.Errorf("IDs: the table %s has integers, and sqlite may give the id of a deleted user to the next one, for whom tokens of the former would be good: move the users to new tables", s.cfg.Users)
	}
	keys, err := s.keysOf(ctx, key)
	if err != nil {
		return err
	}
	add := s.d.takenOver(s.d.spell(time.Now()))
	for _, name := range []string{"email_key", "session_epoch", "revision", "created_at", "updated_at"} {
		if there[name] != "" {
			continue // the application's own, under the same name
		}
		if _, err := s.db.ExecContext(ctx, "ALTER TABLE "+s.users+" ADD COLUMN "+name+" "+add[name]); err != nil {
			return fmt.Errorf("add column %s: %w", name, err)
		}
	}
	fill := s.d.bind("UPDATE " + s.users + " SET email_key = ? WHERE id = ?")
	for _, k := range keys {
		if _, err := s.db.ExecContext(ctx, fill, k.key, k.id); err != nil {
			return fmt.Errorf("fill email_key: %w", err)
		}
	}
	// One address may be shown by two users in turn: what is unique is the key.
	last := []string{"DROP INDEX IF EXISTS " + s.d.table(s.cfg.Schema, "ix_"+s.cfg.Users+"_email"), "CREATE UNIQUE INDEX " + s.d.quoted(s.cfg.Users+"_email_key_key") + " ON " + s.users + " (email_key)"}
	if s.d.notNull {
		last = append(last, "ALTER TABLE "+s.users+" ALTER COLUMN email_key SET NOT NULL")
	}
	for _, statement := range last {
		if _, err := s.db.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// checkKeys fails where the keys are not unique, as on the way back to the
// program before: it may have made users without a key.
func (s *store) checkKeys(ctx context.Context) error {
	query, table := `SELECT count(*) FROM pragma_index_list(?) AS i WHERE i."unique" = 1 AND i.partial = 0
		AND (SELECT group_concat(name) FROM pragma_index_info(i.name)) = 'email_key'`, s.cfg.Users
	if s.d.name == "postgres" {
		query, table = `SELECT count(*) FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
			WHERE i.indrelid = to_regclass($1) AND i.indisunique AND i.indisvalid AND i.indpred IS NULL
			AND i.indnkeyatts = 1 AND a.attname = 'email_key'`, s.users
	}
	var indexes int
	if err := s.db.QueryRowContext(ctx, query, table).Scan(&indexes); err != nil {
		return err
	}
	if indexes == 0 {
		return fmt.Errorf("the table %s has no unique index on email_key any more: another program may have made or changed users, whose keys are not right", s.cfg.Users)
	}
	return nil
}

// keyed is a user's id and the key of its address.
type keyed struct{ id, key string }

// keysOf returns the keys of all addresses, or a *CollisionError.
func (s *store) keysOf(ctx context.Context, key func(string) string) ([]keyed, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT id, email FROM "+s.users)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var keys []keyed
	emails := map[string][]string{}
	for rows.Next() {
		var id, email string
		if err := rows.Scan(&id, &email); err != nil {
			return nil, err
		}
		k := key(email)
		keys, emails[k] = append(keys, keyed{id, k}), append(emails[k], email)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	collisions := &CollisionError{}
	for k, group := range emails {
		if len(group) > 1 || k == "" {
			slices.Sort(group)
			collisions.Addresses = append(collisions.Addresses, group)
		}
	}
	if collisions.Addresses == nil {
		return keys, nil
	}
	slices.SortFunc(collisions.Addresses, slices.Compare)
	collisions.Addresses, collisions.More = first(collisions.Addresses)
	return nil, collisions
}

// first returns those of a list that are told, and how many are not.
func first[E any](list []E) (told []E, more int) {
	more = max(0, len(list)-maxCollisions)
	return list[:len(list)-more], more
}

// takeAccounts copies the accounts of FastAPI Users' table, where there is one.
func (s *store) takeAccounts(ctx context.Context, from string) error {
	query, args := s.d.columnsOf(s.cfg.Schema, from)
	rows, err := s.db.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	there := rows.Next()
	if err := errors.Join(rows.Err(), rows.Close()); err != nil || !there {
		return err
	}
	table := s.d.table(s.cfg.Schema, from)
	shared, err := s.sharedAccounts(ctx, table)
	if err != nil {
		return err
	}
	if shared != nil {
		return shared
	}
	at := s.d.spell(time.Now())
	_, err = s.db.ExecContext(ctx, s.d.bind("INSERT INTO "+s.accounts+" ("+accountColumns+
		") SELECT oauth_name, account_id, user_id, MAX(account_email), NULL, "+s.d.timeCast("?")+", "+s.d.timeCast("?")+", 1 FROM "+table+
		" GROUP BY oauth_name, account_id, user_id"), at, at)
	return err
}

// sharedAccounts returns the accounts that more than one user has.
func (s *store) sharedAccounts(ctx context.Context, table string) (error, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT oauth_name, account_id FROM "+table+
		" GROUP BY oauth_name, account_id HAVING COUNT(DISTINCT user_id) > 1 ORDER BY oauth_name, account_id")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	collisions := &CollisionError{}
	for rows.Next() {
		var provider, subject string
		if err := rows.Scan(&provider, &subject); err != nil {
			return nil, err
		}
		collisions.Accounts = append(collisions.Accounts, provider+" "+subject)
	}
	if err := rows.Err(); err != nil || collisions.Accounts == nil {
		return nil, err
	}
	collisions.Accounts, collisions.More = first(collisions.Accounts)
	return collisions, nil
}
