package conformance

import (
	"fmt"
	"testing"
	"time"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
	"github.com/stretchr/testify/require"
)

// Member is the application's user in the suite of [ports.UserStore]. Its
// additional fields are of every kind that a store is asked to keep.
type Member struct {
	core.User `bson:",inline"`

	Nickname string     `json:"nickname" db:"nickname" bun:"nickname" bson:"nickname"`
	Motto    *string    `json:"motto" db:"motto" bun:"motto" bson:"motto"`
	Score    int64      `json:"score" db:"score" bun:"score" bson:"score"`
	Rank     *int64     `json:"rank" db:"rank" bun:"rank" bson:"rank"`
	Weight   float64    `json:"weight" db:"weight" bun:"weight" bson:"weight"`
	Trusted  bool       `json:"trusted" db:"trusted" bun:"trusted" bson:"trusted"`
	Tags     []string   `json:"tags" db:"tags" bun:"tags" bson:"tags"`
	Settings Settings   `json:"settings" db:"settings" bun:"settings" bson:"settings"`
	LastSeen *time.Time `json:"last_seen" db:"last_seen" bun:"last_seen" bson:"last_seen"`
}

// Settings is a field that SQL stores keep as JSON.
type Settings struct {
	Theme  string           `json:"theme" bson:"theme"`
	Limits map[string]int64 `json:"limits" bson:"limits"`
}

// Edits are changes of each field that change may set, by its name.
func Edits() map[string]func(m *Member) {
	text, number, at := "motto", int64(7), when.Add(time.Hour)
	return map[string]func(m *Member){
		"email":           func(m *Member) { m.Email = "A@e.com" },
		"email_key":       func(m *Member) { m.EmailKey = "b@e.com" },
		"hashed_password": func(m *Member) { m.HashedPassword = "new" },
		"is_active":       func(m *Member) { m.IsActive = !m.IsActive },
		"is_superuser":    func(m *Member) { m.IsSuperuser = !m.IsSuperuser },
		"is_verified":     func(m *Member) { m.IsVerified = !m.IsVerified },
		"session_epoch":   func(m *Member) { m.SessionEpoch++ },
		"created_at":      func(m *Member) { m.CreatedAt = m.CreatedAt.Add(-time.Hour) },
		"updated_at":      func(m *Member) { m.UpdatedAt = m.UpdatedAt.Add(time.Hour) },
		"nickname":        func(m *Member) { m.Nickname = "Ann" },
		"motto":           func(m *Member) { m.Motto = &text },
		"score":           func(m *Member) { m.Score = -1 },
		"rank":            func(m *Member) { m.Rank = &number },
		"weight":          func(m *Member) { m.Weight = 0.5 },
		"trusted":         func(m *Member) { m.Trusted = !m.Trusted },
		"tags":            func(m *Member) { m.Tags = []string{"x"} },
		"settings":        func(m *Member) { m.Settings.Limits = map[string]int64{"x": 1} },
		"last_seen":       func(m *Member) { m.LastSeen = &at },
	}
}

type users = ports.UserStore[*Member]

// when is a time with microseconds, which every store keeps.
var when = time.Date(2026, 5, 17, 11, 42, 13, 987654000, time.UTC)

// member returns a user that no store has seen. The key is the e-mail as well.
func member(key string) *Member {
	return &Member{User: core.User{
		Email: key, EmailKey: key, HashedPassword: "$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$aGFzaA",
		IsActive: true, CreatedAt: when, UpdatedAt: when,
	}}
}

// created keeps a new user in s and returns it.
func created(t testing.TB, s users, key string) *Member {
	t.Helper()
	m := member(key)
	must(t, s.Create(t.Context(), m), "Create ", key)
	return m
}

// byID returns the user, who must be there.
func byID(t testing.TB, s users, id string) *Member {
	t.Helper()
	m, err := s.ByID(t.Context(), id)
	must(t, err, "ByID ", id)
	return m
}

// wantSame compares two users field by field, times by the instant.
func wantSame(t testing.TB, got, want *Member) {
	t.Helper()
	require.NotNil(t, got)
	g, w := core.Clone(got), core.Clone(want)
	for _, at := range []struct {
		name      string
		got, want *time.Time
	}{
		{"created_at", &g.CreatedAt, &w.CreatedAt},
		{"updated_at", &g.UpdatedAt, &w.UpdatedAt},
		{"last_seen", g.LastSeen, w.LastSeen},
	} {
		if at.got == nil || at.want == nil {
			require.Equal(t, at.want == nil, at.got == nil, at.name+" is null")
			continue
		}
		if !at.got.Equal(*at.want) {
			t.Errorf("%s: got %v, want %v", at.name, at.got, at.want)
		}
		*at.got = *at.want
	}
	require.Equal(t, w, g)
}

// wantNone checks that no user is found by the id, where there is one, or the
// key.
func wantNone(t testing.TB, s users, id, key string) {
	t.Helper()
	if id != "" {
		_, err := s.ByID(t.Context(), id)
		wantErr(t, fmt.Sprintf("ByID %q", id), err, core.ErrUserNotFound)
	}
	_, err := s.ByEmail(t.Context(), key)
	wantErr(t, fmt.Sprintf("ByEmail %q", key), err, core.ErrUserNotFound)
}
