package conformance

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
	"github.com/stretchr/testify/require"
)

// TestTokenStore checks an implementation of [ports.TokenStore]. Open returns
// fresh, empty stores, of which Tokens is checked. Where Users is there too,
// the tokens belong to users who exist.
func TestTokenStore(t *testing.T, open func(t testing.TB) ports.Stores[*Member], of ...Subject) {
	run(t, "TokenStore", TokenStoreCases(), of, open)
}

// TestSessionUsers checks an implementation of [ports.SessionUsers], and that
// users and tokens that lie together go together. Open returns fresh, empty
// stores with Users, Tokens and Joined.
func TestSessionUsers(t *testing.T, open func(t testing.TB) ports.Stores[*Member], of ...Subject) {
	run(t, "SessionUsers", SessionUsersCases(), of, open)
}

// TestTogether checks that users and tokens that lie together go together, for
// stores that have no Joined: [TestSessionUsers] does the same. Open returns
// fresh, empty stores with Users and Tokens.
func TestTogether(t *testing.T, open func(t testing.TB) ports.Stores[*Member], of ...Subject) {
	run(t, "Together", TogetherCases(), of, open)
}

// TokenStoreCases returns the cases of [TestTokenStore].
func TokenStoreCases() []Case[ports.Stores[*Member]] {
	return slices.Concat(tokenStoreOnce(), tokenStoreLife(), tokenStoreUser())
}

type stores = ports.Stores[*Member]

const purpose = "session"

// owner returns the id of a user who exists if s knows users.
func owner(t testing.TB, s stores, name string) string {
	t.Helper()
	if s.Users == nil {
		return "id-of-" + name
	}
	return created(t, s.Users, name+"@e.com").ID
}

// token returns a token that no store has seen.
func token(userID, digest string) ports.Token {
	return ports.Token{
		Purpose: purpose, Digest: digest, UserID: userID, Family: "family-" + digest, Epoch: 1,
		CreatedAt: when, ExpiresAt: when.Add(24 * 365 * 50 * time.Hour), Data: []byte(`{"methods":["pwd"]}`),
	}
}

// put keeps a token and returns it.
func put(t testing.TB, s stores, tok ports.Token) ports.Token {
	t.Helper()
	must(t, s.Tokens.Put(t.Context(), tok), "Put ", tok.Digest)
	return tok
}

// get returns the token, which must be there.
func get(t testing.TB, s stores, digest string) ports.Token {
	t.Helper()
	tok, err := s.Tokens.Get(t.Context(), purpose, digest)
	must(t, err, "Get ", digest)
	return tok
}

func wantGone(t testing.TB, s stores, purpose, digest string) {
	t.Helper()
	_, err := s.Tokens.Get(t.Context(), purpose, digest)
	wantErr(t, fmt.Sprintf("Get %q", digest), err, core.ErrTokenNotFound)
}

func wantToken(t testing.TB, got, want ports.Token) {
	t.Helper()
	if !got.CreatedAt.Equal(want.CreatedAt) || !got.ExpiresAt.Equal(want.ExpiresAt) || got.ExpiresAt.IsZero() != want.ExpiresAt.IsZero() {
		t.Errorf("got times %v and %v, want %v and %v", got.CreatedAt, got.ExpiresAt, want.CreatedAt, want.ExpiresAt)
	}
	got.CreatedAt, got.ExpiresAt = want.CreatedAt, want.ExpiresAt
	if len(got.Data) == 0 && len(want.Data) == 0 {
		got.Data = want.Data
	}
	require.Equal(t, want, got)
}

// tokenStoreOnce are the cases of tokens that are put and taken.
func tokenStoreOnce() []Case[stores] {
	return []Case[stores]{
		{
			ID: "OT-01", Name: "Take/race",
			Rule: "of any number of concurrent calls for one token, one gets it",
			Run: func(t testing.TB, s stores) {
				ann := owner(t, s, "ann")
				for round := range 8 {
					want := put(t, s, token(ann, fmt.Sprint("digest", round)))
					taken := make([]ports.Token, crowd)
					winner := wantOne(t, race(t, crowd, func(i int) (err error) {
						taken[i], err = s.Tokens.Take(t.Context(), purpose, want.Digest)
						return err
					}), core.ErrTokenNotFound)
					wantToken(t, taken[winner], want)
					wantGone(t, s, purpose, want.Digest)
				}
			},
		},
		{
			ID: "OT-02", Name: "Take/another purpose",
			Rule: "a token that is asked for under another purpose is not there, and stays where it is",
			Run: func(t testing.TB, s stores) {
				want := put(t, s, token(owner(t, s, "ann"), "digest"))
				for _, other := range []string{"reset", "Session", "session ", "", "sessio_", "%"} {
					_, err := s.Tokens.Take(t.Context(), other, "digest")
					wantErr(t, "Take", err, core.ErrTokenNotFound)
					wantGone(t, s, other, "digest")
				}
				wantToken(t, get(t, s, "digest"), want)
			},
		},
		{
			ID: "TK-01", Name: "Put/reads back",
			Rule: "Put keeps every field",
			Run: func(t testing.TB, s stores) {
				ann := owner(t, s, "ann")
				long := token(ann, "long")
				long.Data = make([]byte, 4096)
				for i := range long.Data {
					long.Data[i] = byte(i)
				}
				long.Epoch, long.Family = 1<<53+1, "ünï 'quoted' %_ $where"
				bare := ports.Token{Purpose: purpose, Digest: "bare", UserID: ann, CreatedAt: when}
				empty := token(ann, "empty")
				empty.Data = []byte{}
				for _, want := range []ports.Token{long, bare, empty, token(ann, "plain")} {
					put(t, s, want)
					wantToken(t, get(t, s, want.Digest), want)
				}
			},
		},
		{
			ID: "TK-02", Name: "Put/race",
			Rule: "core.ErrTokenTaken where there is a token of that purpose and digest",
			Run: func(t testing.TB, s stores) {
				ann := owner(t, s, "ann")
				winner := wantOne(t, race(t, 16, func(i int) error {
					tok := token(ann, "digest")
					tok.Epoch = int64(i)
					return s.Tokens.Put(t.Context(), tok)
				}), core.ErrTokenTaken)
				require.EqualValues(t, winner, get(t, s, "digest").Epoch)
				other := token(ann, "digest")
				other.Purpose = "reset"
				put(t, s, other)
			},
		},
		{
			ID: "TK-03", Name: "Put/text that cannot be kept",
			Rule: "core.ErrInvalidValue for a token whose texts have a NUL byte or invalid UTF-8 or whose purpose or digest is empty",
			Run: func(t testing.TB, s stores) {
				ann := owner(t, s, "ann")
				for name, spoil := range map[string]func(tok *ports.Token){
					"NUL in the digest": func(tok *ports.Token) { tok.Digest = "a\x00b" },
					"NUL in the family": func(tok *ports.Token) { tok.Family = "\x00" },
					"NUL in the user":   func(tok *ports.Token) { tok.UserID += "\x00" },
					"broken UTF-8":      func(tok *ports.Token) { tok.Purpose = "\xff" },
					"no digest":         func(tok *ports.Token) { tok.Digest = "" },
					"no purpose":        func(tok *ports.Token) { tok.Purpose = "" },
				} {
					tok := token(ann, "digest")
					spoil(&tok)
					wantErr(t, name, s.Tokens.Put(t.Context(), tok), core.ErrInvalidValue)
					_, err := s.Tokens.Get(t.Context(), tok.Purpose, tok.Digest)
					wantErr(t, "Get after "+name, err, core.ErrTokenNotFound)
				}
				wantGone(t, s, purpose, "digest")
			},
		},
		{
			ID: "TK-04", Name: "Get/byte for byte",
			Rule: "purpose and digest together are the token's key",
			Run: func(t testing.TB, s stores) {
				ann := owner(t, s, "ann")
				digests := []string{"digest", "Digest", "DIGEST", "digest ", "dígest", "digest\t", "d%", "d_gest", "'", `\`}
				for i, d := range digests {
					tok := token(ann, d)
					tok.Epoch = int64(i)
					put(t, s, tok)
				}
				for i, d := range digests {
					require.EqualValues(t, i, get(t, s, d).Epoch, "%q", d)
				}
				_, err := s.Tokens.Take(t.Context(), purpose, "Digest")
				must(t, err)
				wantGone(t, s, purpose, "Digest")
				get(t, s, "digest")
			},
		},
		{
			ID: "TK-05", Name: "Every/aliasing",
			Rule: "a value that is returned shares no memory with what is kept, nor does one that was passed in",
			Run: func(t testing.TB, s stores) {
				ann := owner(t, s, "ann")
				tok := token(ann, "digest")
				want := token(ann, "digest")
				put(t, s, tok)
				tok.Data[0] = 'X'
				wantToken(t, get(t, s, "digest"), want)
				got := get(t, s, "digest")
				got.Data[0] = 'X'
				wantToken(t, get(t, s, "digest"), want)
				list, err := s.Tokens.ListUser(t.Context(), purpose, ann)
				must(t, err)
				list[0].Data[0] = 'X'
				wantToken(t, get(t, s, "digest"), want)
			},
		},
	}
}
