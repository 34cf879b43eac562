package jwxtoken

import (
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"testing"
	"time"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

// vector is a line of testdata/vectors.json; testdata/README.md explains it.
type vector struct {
	Name     string
	Secret   string
	Audience []string
	NoExpiry bool `json:"no_expiry"`
	Now      float64
	Token    string
	Accepted bool
	Sub      string
	Epoch    int64
	Expires  *int64
	Issued   bool
}

func readVectors(t testing.TB) []vector {
	t.Helper()
	data, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []vector
	if err := json.Unmarshal(data, &vectors); err != nil {
		t.Fatal(err)
	}
	if len(vectors) < 200 {
		t.Fatalf("got %d vectors, want them all", len(vectors))
	}
	return vectors
}

// strategy returns a Strategy that goes by the time of v and whose tokens
// expire when that of v does.
func (v vector) strategy(t *testing.T) *Strategy {
	t.Helper()
	now := time.UnixMilli(int64(v.Now * 1000))
	cfg := Config{Secret: []byte(v.Secret), Audience: v.Audience, NoExpiry: v.NoExpiry, Now: func() time.Time { return now }}
	if !v.NoExpiry {
		cfg.Lifetime = time.Hour
	}
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (v vector) grant() ports.Grant {
	g := ports.Grant{UserID: v.Sub, Epoch: v.Epoch}
	if v.Expires != nil {
		g.Expires = time.Unix(*v.Expires, 0).UTC()
	}
	return g
}

func TestVectors(t *testing.T) {
	for _, v := range readVectors(t) {
		t.Run(v.Name, func(t *testing.T) {
			s := v.strategy(t)
			got, err := s.Verify(t.Context(), v.Token)
			ended := s.End(t.Context(), v.Token)
			if !v.Accepted {
				if err != core.ErrInvalidToken {
					t.Errorf("Verify: got %+v, %v, want core.ErrInvalidToken itself", got, err)
				}
				if ended != nil {
					t.Errorf("End: got %v, want none", ended)
				}
				return
			}
			if want := v.grant(); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("Verify: got %+v, %v, want %+v", got, err, want)
			}
			if !errors.Is(ended, core.ErrNotRevocable) {
				t.Errorf("End: got %v, want core.ErrNotRevocable", ended)
			}
		})
	}
}

// The same grant makes the same bytes as FastAPI Users writes.
func TestVectorsIssued(t *testing.T) {
	issued := 0
	for _, v := range readVectors(t) {
		if !v.Issued {
			continue
		}
		issued++
		t.Run(v.Name, func(t *testing.T) {
			want := v.grant()
			token, expires, err := v.strategy(t).Issue(t.Context(), ports.Grant{UserID: v.Sub, Epoch: v.Epoch})
			if err != nil || token != v.Token || !expires.Equal(want.Expires) {
				t.Errorf("got %q, %v, %v, want %q, %v", token, expires, err, v.Token, want.Expires)
			}
		})
	}
	if issued < 10 {
		t.Errorf("got %d issued tokens, want them all", issued)
	}
}
