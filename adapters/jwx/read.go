package jwxtoken

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gousher/usher/ports"
)

// read returns what token stands for.
func (s *Strategy) read(token string) (ports.Grant, bool) {
	payload, ok := s.keys.open(token)
	if !ok {
		return ports.Grant{}, false
	}
	claims, ok := readObject(payload)
	if !ok {
		return ports.Grant{}, false
	}
	return s.grant(claims)
}

// grant checks the claims of a session.
func (s *Strategy) grant(claims map[string]json.RawMessage) (ports.Grant, bool) {
	sub, expires, ok := registered(claims, s.now(), s.accepted)
	if !ok || expires.IsZero() && s.lifetime != 0 {
		return ports.Grant{}, false
	}
	var epoch uint64
	if claim, ok := claims["epoch"]; ok {
		var err error
		if epoch, err = strconv.ParseUint(string(claim), 10, 64); err != nil || epoch > maxEpoch {
			return ports.Grant{}, false
		}
	}
	return ports.Grant{UserID: sub, Epoch: int64(epoch), Expires: expires}, true
}

// registered checks the claims of RFC 7519, section 4.1, without any leeway,
// and returns the subject and the expiry, which is zero where there is none.
func registered(claims map[string]json.RawMessage, now time.Time, audiences []string) (sub string, expires time.Time, ok bool) {
	for _, name := range []string{"iat", "nbf"} {
		if claim, ok := claims[name]; ok {
			if at, ok := date(claim); !ok || at.After(now) {
				return "", time.Time{}, false
			}
		}
	}
	if claim, ok := claims["exp"]; ok {
		if expires, ok = date(claim); !ok || !now.Before(expires) {
			return "", time.Time{}, false
		}
	}
	if claim, ok := claims["jti"]; ok && !isText(claim) {
		return "", time.Time{}, false
	}
	sub, ok = text(claims["sub"])
	return sub, expires, ok && sub != "" && hasAudience(claims["aud"], audiences)
}

// hasAudience checks a claim that is a string or a list of strings for one of
// those accepted.
func hasAudience(claim json.RawMessage, accepted []string) bool {
	if one, ok := text(claim); ok {
		return slices.Contains(accepted, one)
	}
	var list []json.RawMessage
	if json.Unmarshal(claim, &list) != nil {
		return false
	}
	found := false
	for _, item := range list {
		one, ok := text(item)
		if !ok {
			return false
		}
		found = found || slices.Contains(accepted, one)
	}
	return found
}

// maxDate is the end of the year 9999, in seconds.
const maxDate = 253402300799

// date reads the seconds since 1970, as a number or an integer in a string,
// and cuts them to whole ones.
func date(claim json.RawMessage) (time.Time, bool) {
	number := string(claim)
	if digits, ok := text(claim); ok {
		if _, err := strconv.ParseInt(digits, 10, 64); err != nil {
			return time.Time{}, false
		}
		number = digits
	}
	seconds, err := strconv.ParseFloat(number, 64)
	if err != nil || seconds < -maxDate || seconds > maxDate {
		return time.Time{}, false
	}
	return time.Unix(int64(seconds), 0).UTC(), true
}

// decode reads base64url, padded or not. Unlike encoding/base64 it accepts no
// line breaks.
func decode(segment string) ([]byte, bool) {
	if strings.ContainsAny(segment, "\r\n") {
		return nil, false
	}
	encoding := base64.RawURLEncoding
	if strings.HasSuffix(segment, "=") {
		encoding = base64.URLEncoding
	}
	data, err := encoding.Strict().DecodeString(segment)
	return data, err == nil
}
