package oauthclient

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/gousher/usher/ports"
)

// Get decodes the JSON at a URL, which it asks for with the access token of a
// login.
type Get func(ctx context.Context, url string, into any) error

// Profile says whose the access token of a login is. Tokens need not be in what
// it returns. Errors of get are returned as they are.
type Profile func(ctx context.Context, get Get) (ports.Identity, error)

// fields are where a profile has what is needed.
type fields struct {
	at        string
	id, email string
	verified  string // names a boolean; an address without it is left out
	list      string // of all addresses, where GitHub says which are verified
}

// read is a [Profile].
func (f fields) read(ctx context.Context, get Get) (ports.Identity, error) {
	var profile map[string]json.RawMessage
	if err := get(ctx, f.at, &profile); err != nil {
		return ports.Identity{}, err
	}
	who := ports.Identity{Subject: text(profile[f.id])}
	if f.email != "" {
		who.Email = text(profile[f.email])
	}
	if f.verified != "" {
		who.EmailVerified = string(profile[f.verified]) == "true"
		if !who.EmailVerified {
			who.Email = ""
		}
	}
	if f.list == "" {
		return who, nil
	}
	var all []address
	if err := get(ctx, f.list, &all); err != nil && !isDenied(err) { // denied without the scope for it
		return ports.Identity{}, err
	}
	if best, ok := pick(all, who.Email); ok {
		who.Email, who.EmailVerified = best.Email, best.Verified
	}
	return who, nil
}

// address is one of a GitHub account.
type address struct {
	Email             string
	Primary, Verified bool
}

// pick returns the address that is public, or where none is, the primary one,
// or else the first.
func pick(all []address, public string) (address, bool) {
	isBest := func(a address) bool { return a.Primary }
	if public != "" {
		isBest = func(a address) bool { return a.Email == public }
	}
	i := slices.IndexFunc(all, isBest)
	if i < 0 && public == "" && len(all) > 0 {
		i = 0
	}
	if i < 0 {
		return address{}, false
	}
	return all[i], true
}

// text returns a JSON text, or a number as it is written; "" for all else.
func text(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	var n json.Number
	if json.Unmarshal(raw, &n) == nil {
		return n.String()
	}
	return ""
}
