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

// read returns what token stands for. The signature is verified, over the
// bytes as received, before any of them is decoded.
func (s *Strategy) read(token string) (ports.Grant, bool) {
	if len(token) > maxToken {
		return ports.Grant{}, false
	}
	header, rest, ok1 := strings.Cut(token, ".")
	payload, signature, ok2 := strings.Cut(rest, ".")
	if !ok1 || !ok2 {
		return ports.Grant{}, false
	}
	mac, ok := decode(signature)
	if !ok {
		return ports.Grant{}, false
	}
	input := token[:len(header)+1+len(payload)]
	if s.key.verify([]byte(input), mac) != nil {
		return ports.Grant{}, false
	}
	if header != s.header && !s.acceptsHeader(header) {
		return ports.Grant{}, false
	}
	claims, ok := readObject(payload)
	if !ok {
		return ports.Grant{}, false
	}
	return s.grant(claims)
}

// acceptsHeader checks the header of a token that another issuer made. Keys
// and certificates that it names are not looked at. No extension is known, so
// none may be critical, and the payload may not be anything but base64 (RFC
// 7797).
func (s *Strategy) acceptsHeader(segment string) bool {
	header, ok := readObject(segment)
	if !ok {
		return false
	}
	alg, _ := text(header["alg"])
	kid, named := header["kid"]
	_, critical := header["crit"]
	_, encoded := header["b64"]
	return alg == s.key.alg && (!named || isText(kid)) && !critical && !encoded
}

// grant checks the claims by the rules of RFC 7519, section 4.1, without any
// leeway.
func (s *Strategy) grant(claims map[string]json.RawMessage) (ports.Grant, bool) {
	now := s.now()
	for _, name := range []string{"iat", "nbf"} {
		if claim, ok := claims[name]; ok {
			if at, ok := date(claim); !ok || at.After(now) {
				return ports.Grant{}, false
			}
		}
	}
	var expires time.Time
	if claim, ok := claims["exp"]; ok {
		if expires, ok = date(claim); !ok || !now.Before(expires) {
			return ports.Grant{}, false
		}
	} else if s.lifetime != 0 {
		return ports.Grant{}, false
	}
	if claim, ok := claims["jti"]; ok && !isText(claim) {
		return ports.Grant{}, false
	}
	sub, ok := text(claims["sub"])
	if !ok || sub == "" || !s.acceptsAudience(claims["aud"]) {
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

// acceptsAudience checks a claim that is a string or a list of strings.
func (s *Strategy) acceptsAudience(claim json.RawMessage) bool {
	if one, ok := text(claim); ok {
		return slices.Contains(s.accepted, one)
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
		found = found || slices.Contains(s.accepted, one)
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
