package redisstore

import (
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

// end is behind each text in a value. No text that is kept has it within.
const end = "\x00"

// never is the expiry of a token that has none: later than all others.
var never = strings.Repeat("9", digits)

// encode returns the value of a token: layout, expiry and epoch, then what does
// not change, which is when it was made, its user, its family and its data.
func encode(t ports.Token) string {
	return layout + expiry(t.ExpiresAt) + sortable(t.Epoch) +
		sortable(t.CreatedAt.UnixMicro()) + t.UserID + end + t.Family + end + string(t.Data)
}

// decode returns the token that value keeps, without its key.
func decode(value string) (ports.Token, error) {
	if len(value) < fixed || value[:1] != layout {
		return ports.Token{}, fmt.Errorf("a value of another layout than %s", layout)
	}
	t, err := decodeRest(value[fixed:])
	if err != nil {
		return t, err
	}
	if expires := value[1 : 1+digits]; expires != never {
		micros, err := parse(expires)
		if err != nil {
			return t, err
		}
		t.ExpiresAt = time.UnixMicro(micros).UTC()
	}
	t.Epoch, err = parse(value[1+digits : fixed])
	return t, err
}

// decodeRest returns what does not change of a token, from its value.
func decodeRest(rest string) (t ports.Token, err error) {
	if len(rest) < digits {
		return t, fmt.Errorf("a value that was cut off")
	}
	micros, err := parse(rest[:digits])
	if err != nil {
		return t, err
	}
	user, rest, _ := strings.Cut(rest[digits:], end)
	family, data, ok := strings.Cut(rest, end)
	if !ok {
		return t, fmt.Errorf("a value without an end of its texts")
	}
	t.CreatedAt, t.UserID, t.Family = time.UnixMicro(micros).UTC(), user, family
	if data != "" {
		t.Data = []byte(data)
	}
	return t, nil
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

// storable returns core.ErrInvalidValue for texts that no store keeps, end among
// them.
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
