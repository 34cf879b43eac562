package oauthclient

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
	"golang.org/x/oauth2"
)

// How long what an issuer says of itself is used. A signature by a key that is
// not known fetches the keys again, at most once in keysMin; what a key signed
// is believed for keysMax after the issuer last had it.
const (
	metadataMax = 24 * time.Hour
	keysMax     = time.Hour
	keysMin     = time.Minute
)

// metadata is what discovery says (OpenID Connect Discovery, section 3).
type metadata struct {
	endpoints
	userinfo, keys string
	algorithms     []string
	sendsIssuer    bool // RFC 9207
}

func (p *Provider) metadata(ctx context.Context) (metadata, error) {
	m, err := p.meta.get(ctx, metadataMax)
	if err != nil {
		return metadata{}, outage("discovery", err)
	}
	return m.value, nil
}

// discover fetches the metadata.
func (p *Provider) discover(ctx context.Context) (metadata, error) {
	ctx, cancel := p.within(ctx)
	defer cancel()
	provider, err := oidc.NewProvider(ctx, p.row.issuer)
	if _, ok := errors.AsType[*oidc.IssuerMismatchError](err); ok {
		return metadata{}, errors.New("the metadata is of another issuer")
	}
	if e, ok := errors.AsType[*url.Error](err); ok {
		return metadata{}, bare(e)
	}
	if err != nil { // its text has the answer in it
		return metadata{}, errors.New("there is no metadata")
	}
	var more struct {
		Keys       string   `json:"jwks_uri"`
		Algorithms []string `json:"id_token_signing_alg_values_supported"`
		Methods    []string `json:"token_endpoint_auth_methods_supported"`
		Issuer     bool     `json:"authorization_response_iss_parameter_supported"`
	}
	if err := provider.Claims(&more); err != nil {
		return metadata{}, errors.New("the metadata is not as it should be")
	}
	m := metadata{
		endpoints: endpoints{auth: provider.Endpoint().AuthURL, token: provider.Endpoint().TokenURL},
		userinfo:  provider.UserInfoEndpoint(), keys: more.Keys, sendsIssuer: more.Issuer,
	}
	for _, at := range []string{m.auth, m.token, m.keys} {
		if !secure(at) {
			return metadata{}, errors.New("the metadata lacks an endpoint, or has one without https")
		}
	}
	if m.userinfo != "" && !secure(m.userinfo) {
		return metadata{}, errors.New("the metadata has an endpoint without https")
	}
	// The first one that is known; basic is what the specification assumes.
	method := slices.IndexFunc(more.Methods, func(s string) bool { return s == "client_secret_basic" || s == "client_secret_post" })
	m.basic = method < 0 || more.Methods[method] == "client_secret_basic"
	for _, a := range more.Algorithms {
		if slices.Contains(signing, a) {
			m.algorithms = append(m.algorithms, a)
		}
	}
	if m.algorithms == nil {
		m.algorithms = []string{oidc.RS256}
	}
	return m, nil
}

// signing are algorithms with a public key.
var signing = []string{oidc.RS256, oidc.RS384, oidc.RS512, oidc.PS256, oidc.PS384, oidc.PS512,
	oidc.ES256, oidc.ES384, oidc.ES512, oidc.EdDSA}

// checkIssuer refuses the callback of another issuer (RFC 9207, section 2.4).
func (p *Provider) checkIssuer(ctx context.Context, issuer string) error {
	if issuer == "" {
		m, err := p.metadata(ctx)
		if err == nil && m.sendsIssuer {
			err = refused("the callback has no iss")
		}
		return err
	}
	if issuer != p.row.issuer {
		return refused("the callback is of another issuer")
	}
	return nil
}

// keySet are the public keys of an issuer.
type keySet []crypto.PublicKey

// maxKeys is how many keys an issuer can have; the others are dropped.
const maxKeys = 100

func (p *Provider) fetchKeys(ctx context.Context) (keySet, error) {
	ctx, cancel := p.within(ctx)
	defer cancel()
	m, err := p.metadata(ctx)
	if err != nil {
		return nil, err
	}
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	err = p.getJSON(ctx, "key set", m.keys, "", &set)
	if errors.Is(err, core.ErrCodeRefused) { // it is not the code that was refused
		return nil, errors.New("there is no key set")
	}
	if err != nil {
		return nil, err
	}
	var keys keySet
	for _, raw := range set.Keys[:min(len(set.Keys), maxKeys)] {
		var k jose.JSONWebKey
		if err := json.Unmarshal(raw, &k); err != nil || k.Use == "enc" {
			continue // RFC 7517, section 5: what is not understood is ignored
		}
		switch k.Key.(type) {
		case *rsa.PublicKey, *ecdsa.PublicKey, ed25519.PublicKey:
			keys = append(keys, k.Key)
		}
	}
	return keys, nil
}

// signature checks the signature of one ID token. The verifier of go-oidc drops
// errors of the key set, so the one that says that there were no keys to be had
// is kept here.
type signature struct {
	p      *Provider
	outage error
}

// VerifySignature implements [oidc.KeySet].
func (s *signature) VerifySignature(ctx context.Context, jwt string) ([]byte, error) {
	var err error
	for _, age := range []time.Duration{keysMax, keysMin} {
		keys, failed := s.p.keys.get(ctx, age)
		if failed != nil {
			s.outage = outage("keys", failed)
			return nil, s.outage
		}
		var payload []byte
		if payload, err = (&oidc.StaticKeySet{PublicKeys: keys.value}).VerifySignature(ctx, jwt); err == nil {
			return payload, nil
		}
	}
	return nil, err
}

// claims are those of an ID token and of userinfo that are used beside the
// registered ones.
type claims struct {
	Subject         string `json:"sub"`
	Email           string `json:"email"`
	EmailVerified   flag   `json:"email_verified"`
	AuthorizedParty string `json:"azp"`
}

// flag is a boolean that some issuers, as Apple, send as a text.
type flag bool

// UnmarshalJSON implements [json.Unmarshaler].
func (f *flag) UnmarshalJSON(b []byte) error {
	*f = string(b) == "true" || string(b) == `"true"`
	return nil
}

// identify checks the ID token and says whose it is (OpenID Connect Core,
// section 3.1.3.7).
func (p *Provider) identify(ctx context.Context, token *oauth2.Token, nonce string) (ports.Identity, error) {
	m, err := p.metadata(ctx)
	if err != nil {
		return ports.Identity{}, err
	}
	raw, _ := token.Extra("id_token").(string)
	if raw == "" {
		return ports.Identity{}, refused("there is no ID token")
	}
	check := &signature{p: p}
	id, err := oidc.NewVerifier(p.row.issuer, check, &oidc.Config{
		ClientID: p.c.ClientID, SupportedSigningAlgs: m.algorithms, Now: p.c.Now,
	}).Verify(ctx, raw)
	if check.outage != nil {
		return ports.Identity{}, check.outage
	}
	if err != nil { // its text has claims in it
		return ports.Identity{}, refused("the ID token is not valid: signature, iss, aud or exp")
	}
	var c claims
	if err := id.Claims(&c); err != nil {
		return ports.Identity{}, refused("the ID token has a claim of the wrong type")
	}
	missing := id.Nonce == "" && p.row.nonceless
	switch {
	case c.AuthorizedParty != "" && c.AuthorizedParty != p.c.ClientID, c.AuthorizedParty == "" && len(id.Audience) > 1:
		return ports.Identity{}, refused("the ID token was issued to another client")
	case !missing && (nonce == "" || subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(nonce)) == 0):
		return ports.Identity{}, refused("the ID token has another nonce")
	case id.AccessTokenHash != "" && id.VerifyAccessToken(token.AccessToken) != nil:
		return ports.Identity{}, refused("the ID token is of another access token")
	case id.Subject == "":
		return ports.Identity{}, refused("the ID token has no sub")
	}
	if c.Email == "" && m.userinfo != "" {
		if c, err = p.askUserinfo(ctx, m.userinfo, token.AccessToken, id.Subject); err != nil {
			return ports.Identity{}, err
		}
	}
	return ports.Identity{Subject: p.row.prefix + id.Subject, Email: c.Email, EmailVerified: bool(c.EmailVerified)}, nil
}

// askUserinfo returns what the issuer says of the subject beyond the ID token
// (OpenID Connect Core, section 5.3). Who granted too few scopes has no address.
func (p *Provider) askUserinfo(ctx context.Context, from, access, subject string) (claims, error) {
	var c claims
	err := p.getJSON(ctx, "userinfo", from, access, &c)
	if isDenied(err) {
		return claims{}, nil
	}
	if err == nil && c.Subject != subject {
		err = refused("userinfo is of another subject")
	}
	return c, err
}
