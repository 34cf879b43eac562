package run

import (
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	sqlxstore "github.com/gousher/usher/adapters/sqlx"
	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
	"github.com/stretchr/testify/require"
)

// cents is kept by methods of its own.
type cents int64

func (c cents) Value() (driver.Value, error) { return int64(c), nil }

func (c *cents) Scan(src any) error {
	var n sql.NullInt64
	err := n.Scan(src)
	*c = cents(n.Int64)
	return err
}

// Place is embedded as a pointer.
type Place struct {
	City string
	Zip  *string
}

// gadget has a field of every kind that sqlxstore keeps in its own way.
type gadget struct {
	core.User
	*Place   `db:"place"`
	Text     string
	Flag     bool
	Number   int64
	Port     uint16
	Ratio    float64
	Single   float32
	At       time.Time
	Bytes    []byte
	Tags     []string
	Limits   map[string]int64
	Pair     [2]byte
	Raw      json.RawMessage
	Any      any
	PText    *string
	PNumber  *int8
	PFlag    *bool
	PAt      *time.Time
	PTags    *[]string
	NullText sql.NullString
	NullInt  sql.NullInt64
	NullFlag sql.NullBool
	NullAt   sql.NullTime
	NullReal sql.Null[float64]
	SeenAt   sql.Null[time.Time]
	Balance  cents  `db:"balance,type=bigint"`
	PBalance *cents `db:"pbalance,type=bigint"`
}

func gadgetOf(key string) *gadget {
	return &gadget{User: core.User{Email: key, EmailKey: key, CreatedAt: gadgetTime, UpdatedAt: gadgetTime}}
}

var gadgetTime = time.Date(2026, 5, 17, 11, 42, 13, 987654000, time.UTC)

// fill sets every field of g.
func (g *gadget) fill() {
	text, number, flag, at, zip, balance := "é😀 '$1 ?", int8(-128), true, gadgetTime, "", cents(-5)
	g.Place = &Place{City: "Köln", Zip: &zip}
	g.Text, g.Flag, g.Number, g.Port, g.Ratio, g.Single = text+" ", true, math.MinInt64, math.MaxUint16, math.Pi, math.Pi
	g.At, g.Bytes, g.Tags, g.Limits = at, []byte{0, 255}, []string{text, ""}, map[string]int64{"a": math.MaxInt64}
	g.Pair, g.Raw, g.Any = [2]byte{1, 2}, json.RawMessage(`{"z": 1, "a":1.0}`), map[string]any{"x": []any{1.5, nil, "<&>"}}
	g.PText, g.PNumber, g.PFlag, g.PAt, g.PTags = &text, &number, &flag, &at, &[]string{"a"}
	g.NullText, g.NullInt = sql.NullString{String: text, Valid: true}, sql.NullInt64{Int64: 7, Valid: true}
	g.NullFlag, g.NullAt = sql.NullBool{Bool: true, Valid: true}, sql.NullTime{Time: at, Valid: true}
	g.NullReal, g.SeenAt = sql.Null[float64]{V: -0.5, Valid: true}, sql.Null[time.Time]{V: at, Valid: true}
	g.Balance, g.PBalance = 500, &balance
}

// empty sets what may be nil to something that is empty.
func (g *gadget) empty() {
	var text, none = "", []string(nil)
	g.Place = &Place{}
	g.Bytes, g.Tags, g.Limits, g.Any = []byte{}, []string{}, map[string]int64{}, ""
	g.PText, g.PNumber, g.PFlag, g.PTags, g.PBalance = &text, new(int8), new(bool), &none, new(cents)
	g.NullText.Valid, g.NullInt.Valid, g.NullFlag.Valid = true, true, true
}

// Every kind of field comes back from every engine as it was, and so it does
// from each of the states to each other.
func TestSQLXKinds(t *testing.T) {
	states := map[string]func(g *gadget){"zero": func(*gadget) {}, "empty": (*gadget).empty, "full": (*gadget).fill}
	onEngines(t, func(t *testing.T, dsn string) {
		db := sqlxOf[gadget](openSQLX(t, dsn), tableNames{})
		require.NoError(t, db.migrate(t.Context(), core.UUIDs))
		stores, err := db.new(core.UUIDs)
		require.NoError(t, err)
		want := func(name string, want *gadget) {
			got, err := stores.Users.ByID(t.Context(), want.ID)
			require.NoError(t, err, name)
			require.Equal(t, want, got, name)
		}
		for from, begin := range states {
			g := gadgetOf(from + "@e.com")
			begin(g)
			require.NoError(t, stores.Users.Create(t.Context(), g), from)
			want(from, g)
			for to, change := range states {
				name := from + ", then " + to
				g, err = stores.Users.Update(t.Context(), g.ID, func(g *gadget) error {
					*g = gadget{User: g.User}
					change(g)
					return nil
				})
				require.NoError(t, err, name)
				want(name, g)
			}
		}
	})
}

// What an engine could not give back is refused, and nothing is kept.
func TestSQLXRefusesValues(t *testing.T) {
	onEngines(t, func(t *testing.T, dsn string) {
		db := sqlxOf[gadget](openSQLX(t, dsn), tableNames{})
		require.NoError(t, db.migrate(t.Context(), core.UUIDs))
		stores, err := db.new(core.UUIDs)
		require.NoError(t, err)
		for name, spoil := range map[string]func(g *gadget){
			"NUL":           func(g *gadget) { g.Text = "a\x00" },
			"NaN":           func(g *gadget) { g.Ratio = math.NaN() },
			"a function":    func(g *gadget) { g.Any = func() {} },
			"half of JSON":  func(g *gadget) { g.Raw = json.RawMessage("{") },
			"the year 1e4":  func(g *gadget) { g.At = g.At.AddDate(10000, 0, 0) },
			"NUL in a null": func(g *gadget) { g.NullText = sql.NullString{String: "\x00", Valid: true} },
		} {
			g := gadgetOf("a@e.com")
			spoil(g)
			require.ErrorIs(t, stores.Users.Create(t.Context(), g), core.ErrInvalidValue, name)
			require.Empty(t, g.ID, name)
		}
		g := gadgetOf("a@e.com")
		require.NoError(t, stores.Users.Create(t.Context(), g))
	})
}

// The stores of a transaction work within it.
func TestSQLXInTx(t *testing.T) {
	onEngines(t, func(t *testing.T, dsn string) {
		db := openSQLX(t, dsn)
		require.NoError(t, sqlxstore.Migrate[member](t.Context(), db, sqlxstore.Config{}))
		outside, err := sqlxstore.New[member](db, sqlxstore.Config{})
		require.NoError(t, err)
		for _, commit := range []bool{false, true} {
			tx, err := db.BeginTxx(t.Context(), nil)
			require.NoError(t, err)
			inside, err := sqlxstore.New[member](tx, sqlxstore.Config{})
			require.NoError(t, err)
			m := &member{User: core.User{Email: "a@e.com", EmailKey: "a@e.com"}}
			require.NoError(t, inside.Users.Create(t.Context(), m))
			again := &member{User: core.User{Email: "a@e.com", EmailKey: "a@e.com"}}
			require.ErrorIs(t, inside.Users.Create(t.Context(), again), core.ErrEmailTaken)
			token := ports.Token{Purpose: "session", Digest: "d", UserID: m.ID, CreatedAt: gadgetTime}
			require.NoError(t, inside.Tokens.Put(t.Context(), token), "after an error that leaves the transaction as it was")
			_, err = outside.Users.ByID(t.Context(), m.ID)
			require.ErrorIs(t, err, core.ErrUserNotFound, "before the end")
			if !commit {
				require.NoError(t, tx.Rollback())
				_, err = outside.Users.ByID(t.Context(), m.ID)
				require.ErrorIs(t, err, core.ErrUserNotFound, "after the end")
				continue
			}
			require.NoError(t, tx.Commit())
			_, got, err := outside.Joined.UserByToken(t.Context(), "session", "d")
			require.NoError(t, err)
			require.Equal(t, m.ID, got.UserID)
		}
	})
}

// A connection does not tell its driver, so the dialect is named.
func TestSQLXOnConn(t *testing.T) {
	onEngines(t, func(t *testing.T, dsn string) {
		db := openSQLX(t, dsn)
		require.NoError(t, sqlxstore.Migrate[member](t.Context(), db, sqlxstore.Config{}))
		conn, err := db.Connx(t.Context())
		require.NoError(t, err)
		defer conn.Close()
		cfg := sqlxstore.Config{Dialect: map[string]string{"pgx": "postgres", "mysql": "mysql", "sqlite": "sqlite"}[db.DriverName()]}
		s, err := sqlxstore.New[member](conn, cfg)
		require.NoError(t, err)
		m := &member{User: core.User{Email: "a@e.com", EmailKey: "a@e.com"}, Tags: []string{"a"}}
		require.NoError(t, s.Users.Create(t.Context(), m))
		got, err := s.Users.ByEmail(t.Context(), "a@e.com")
		require.NoError(t, err)
		require.Equal(t, []string{"a"}, got.Tags)
	})
}

// The application's own queries read what the stores wrote.
func TestSQLXSelects(t *testing.T) {
	onEngines(t, func(t *testing.T, dsn string) {
		if strings.Contains(dsn, "@tcp(") {
			dsn += "?parseTime=true" // which sqlx needs for times on MySQL
		}
		db := openSQLX(t, dsn)
		s := onSQLX(db.DB, kindOf(dsn), tableNames{}).stores(t, core.UUIDs)
		m := &member{User: core.User{Email: "a@e.com", EmailKey: "a@e.com", CreatedAt: gadgetTime, UpdatedAt: gadgetTime}}
		require.NoError(t, s.Users.Create(t.Context(), m))
		var got core.User
		require.NoError(t, db.Unsafe().GetContext(t.Context(), &got, "SELECT * FROM users"))
		got.CreatedAt, got.UpdatedAt = got.CreatedAt.UTC(), got.UpdatedAt.UTC()
		require.Equal(t, m.User, got)
	})
}
