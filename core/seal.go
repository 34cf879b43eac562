package core

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/gousher/usher/ports"
)

// SealingKey seals what a store keeps and must not be read there.
type SealingKey struct {
	// ID tells keys apart. It stands in what is sealed: it is no secret.
	ID string
	// Key has 32 bytes, from a random source.
	Key []byte
}

// sealer seals by AES-256-GCM (NIST SP 800-38D).
type sealer struct {
	first SealingKey
	keys  map[string]SealingKey
}

func newSealer(keys []SealingKey) (*sealer, []string) {
	var problems []string
	s := &sealer{keys: map[string]SealingKey{}}
	if len(keys) == 0 {
		return nil, []string{"Keys are missing"}
	}
	for i, k := range keys {
		if k.ID == "" || !clean(k.ID) || s.keys[k.ID].Key != nil {
			problems = append(problems, fmt.Sprintf("Keys[%d].ID is missing, or that of another", i))
		}
		if len(k.Key) != 32 {
			problems = append(problems, fmt.Sprintf("Keys[%d].Key has %d bytes, want 32", i, len(k.Key)))
		}
		k.Key = append([]byte{}, k.Key...)
		s.keys[k.ID] = k
	}
	s.first = s.keys[keys[0].ID]
	return s, problems
}

// envelope is what an account's Data holds.
type envelope struct {
	Key    string `json:"key"`
	Sealed []byte `json:"sealed"`
	// Busy is until when somebody has undertaken to refresh the tokens.
	Busy time.Time `json:"busy,omitzero"`
}

// contents is what is sealed.
type contents struct {
	Access  string    `json:"access"`
	Refresh string    `json:"refresh,omitempty"`
	Expires time.Time `json:"expires,omitzero"`
}

// row is what a seal is bound to: what was sealed for one account opens for no
// other.
func row(a *ports.Account) []byte {
	return []byte("usher account " + strconv.Itoa(len(a.Provider)) + ":" + a.Provider + a.Subject)
}

func (s *sealer) gcm(key SealingKey) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key.Key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// seal puts tokens into the account's Data.
func (s *sealer) seal(a *ports.Account, tokens ports.ProviderTokens, busy time.Time) error {
	plain, err := json.Marshal(contents{tokens.Access, tokens.Refresh, tokens.Expires})
	if err != nil {
		return err
	}
	gcm, err := s.gcm(s.first)
	if err != nil {
		return err
	}
	nonce := make([]byte, gcm.NonceSize())
	rand.Read(nonce)
	a.Data, err = json.Marshal(envelope{s.first.ID, gcm.Seal(nonce, nonce, plain, row(a)), busy})
	return err
}

// open returns the tokens in the account's Data, and until when somebody is
// refreshing them.
func (s *sealer) open(a ports.Account) (ports.ProviderTokens, time.Time, error) {
	var e envelope
	if err := json.Unmarshal(a.Data, &e); err != nil {
		return ports.ProviderTokens{}, e.Busy, fmt.Errorf("usher: the tokens of %s are not sealed: %w", a.Provider, ErrNoProviderToken)
	}
	key, ok := s.keys[e.Key]
	if !ok {
		return ports.ProviderTokens{}, e.Busy, fmt.Errorf("usher: there is no sealing key %q: %w", e.Key, ErrNoProviderToken)
	}
	gcm, err := s.gcm(key)
	if err != nil {
		return ports.ProviderTokens{}, e.Busy, err
	}
	var c contents
	if n := gcm.NonceSize(); len(e.Sealed) > n {
		plain, bad := gcm.Open(nil, e.Sealed[:n], e.Sealed[n:], row(&a))
		if bad == nil && json.Unmarshal(plain, &c) == nil {
			return ports.ProviderTokens{Access: c.Access, Refresh: c.Refresh, Expires: c.Expires}, e.Busy, nil
		}
	}
	return ports.ProviderTokens{}, e.Busy, fmt.Errorf("usher: the tokens of %s do not open: %w", a.Provider, ErrNoProviderToken)
}
