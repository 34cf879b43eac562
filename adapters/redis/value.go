package redisstore

import (
	"encoding/json"
	"fmt"
	"math"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

// layout is that of the values that are written here.
const layout = "1"

// digits is the length of a number in a value, and fixed that of all that
// comes before what does not change.
const (
	digits = 20
	fixed  = 1 + 2*digits
)

// never is the expiry of a token that has none: later than all others.
var never = strings.Repeat("9", digits)

// facts are what does not change of a token, besides its key and its data.
type facts struct {
	UserID    string `json:"user"`
	Family    string `json:"family,omitempty"`
	CreatedAt int64  `json:"created"` // microseconds since 1970
}

// encode returns the value of a token: layout, expiry, epoch, facts as a line
// of JSON, and the data as they are.
func encode(t ports.Token) (string, error) {
	line, err := json.Marshal(facts{t.UserID, t.Family, t.CreatedAt.UnixMicro()})
	if err != nil {
		return "", err
	}
	return layout + expiry(t.ExpiresAt) + sortable(t.Epoch) + string(line) + "\n" + string(t.Data), nil
}

// decode returns the token that value keeps, without its key.
func decode(value string) (ports.Token, error) {
	var t ports.Token
	if len(value) < fixed || value[:1] != layout {
		return t, fmt.Errorf("a value of another layout than %s", layout)
	}
	expires, epoch := value[1:1+digits], value[1+digits:fixed]
	if expires != never {
		micros, err := parse(expires)
		if err != nil {
			return t, err
		}
		t.ExpiresAt = time.UnixMicro(micros).UTC()
	}
	f, data, err := decodeFacts(value[fixed:])
	if err != nil {
		return t, err
	}
	if t.Epoch, err = parse(epoch); err != nil {
		return t, err
	}
	t.UserID, t.Family, t.CreatedAt, t.Data = f.UserID, f.Family, time.UnixMicro(f.CreatedAt).UTC(), data
	return t, nil
}

// decodeFacts reads what does not change of a token, from its value.
func decodeFacts(rest string) (f facts, data []byte, err error) {
	line, after, ok := strings.Cut(rest, "\n")
	if !ok {
		return f, nil, fmt.Errorf("a value without an end of its facts")
	}
	if after != "" {
		data = []byte(after)
	}
	return f, data, json.Unmarshal([]byte(line), &f)
}

// expiry writes a time so that texts compare as times do.
func expiry(at time.Time) string {
	if at.IsZero() {
		return never
	}
	return sortable(at.UnixMicro())
}

// sortable writes n so that texts compare as numbers do.
func sortable(n int64) string {
	return fmt.Sprintf("%0*d", digits, uint64(n)^1<<63)
}

// parse reads what sortable wrote.
func parse(text string) (int64, error) {
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("a value whose numbers are none")
	}
	return int64(n ^ 1<<63), nil
}

// storable returns core.ErrInvalidValue for texts that no store keeps.
func storable(texts ...string) error {
	for _, text := range texts {
		if !utf8.ValidString(text) || strings.IndexByte(text, 0) >= 0 {
			return core.ErrInvalidValue
		}
	}
	return nil
}

// tokenKey is the key of a token. Its parts are escaped, so that no two tokens
// have one key, and what is in braces decides the slot.
func (s *store) tokenKey(purpose, digest string) string {
	return s.prefix + "token:" + url.QueryEscape(purpose) + ":{" + url.QueryEscape(digest) + "}"
}

// adoptedKey is the key, in the same slot, which says that it was adopted.
func (s *store) adoptedKey(purpose, digest string) string {
	return s.prefix + "adopted:" + url.QueryEscape(purpose) + ":{" + url.QueryEscape(digest) + "}"
}

// userKey is the key of the digests of a user's tokens.
func (s *store) userKey(purpose, userID string) string {
	return s.prefix + "user:" + url.QueryEscape(purpose) + ":" + url.QueryEscape(userID)
}

const (
	// slack is how long a token is kept after it has expired, for clocks that
	// differ.
	slack = 10 * time.Minute
	// forever is how long a token is kept that never expires.
	forever = 10 * 365 * 24 * time.Hour
)

// life returns for how many milliseconds a token is kept that expires then.
// Redis is told a span and not a time, as its clock may be another.
func life(expires, now time.Time) int64 {
	if expires.IsZero() {
		return forever.Milliseconds()
	}
	left := max(0, float64(expires.UnixMicro())-float64(now.UnixMicro()))
	return int64(math.Ceil(left/1000)) + slack.Milliseconds()
}
