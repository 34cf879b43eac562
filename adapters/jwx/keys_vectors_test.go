package jwxtoken

import (
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

// keyFile is testdata/keys.json; testdata/README.md explains it.
type keyFile struct {
	Now     int64
	Sub     string
	Expires int64
	Secret  string
	Keys    map[string]struct{ Private, Public string }
	Vectors []struct {
		Name     string
		Ring     []string
		Token    string
		Accepted bool
		Issued   bool
	}
}

var readKeys = sync.OnceValues(func() (file keyFile, err error) {
	data, err := os.ReadFile("testdata/keys.json")
	if err == nil {
		err = json.Unmarshal(data, &file)
	}
	return file, err
})

func vectorKeys(t testing.TB) keyFile {
	t.Helper()
	file, err := readKeys()
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// key returns the key that a ring of the file names: "rsa1.public=id".
func (f keyFile) key(t testing.TB, spec string) Key {
	t.Helper()
	name, id, _ := strings.Cut(spec, "=")
	if name == "secret" {
		return Key{ID: id, Secret: []byte(f.Secret)}
	}
	name, public := strings.CutSuffix(name, ".public")
	text := f.Keys[name].Private
	if public {
		text = f.Keys[name].Public
	}
	k, err := PEM(id, []byte(text))
	if err != nil {
		t.Fatalf("PEM of %s: %v", spec, err)
	}
	if (k.Public != nil) != public || (k.Private != nil) == public {
		t.Fatalf("PEM of %s: got %v", spec, k)
	}
	return k
}

func (f keyFile) ring(t testing.TB, specs ...string) (keys []Key) {
	t.Helper()
	for _, spec := range specs {
		keys = append(keys, f.key(t, spec))
	}
	return keys
}

// strategy returns a Strategy of a ring, at the time of the file.
func (f keyFile) strategy(t testing.TB, specs ...string) *Strategy {
	t.Helper()
	s, err := New(Config{Keys: f.ring(t, specs...), Lifetime: time.Hour, Now: func() time.Time { return time.Unix(f.Now, 0) }})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestKeyVectors(t *testing.T) {
	file := vectorKeys(t)
	if len(file.Vectors) < 130 {
		t.Fatalf("got %d vectors, want them all", len(file.Vectors))
	}
	want := ports.Grant{UserID: file.Sub, Expires: time.Unix(file.Expires, 0).UTC()}
	for _, v := range file.Vectors {
		t.Run(v.Name, func(t *testing.T) {
			s := file.strategy(t, v.Ring...)
			got, err := s.Verify(t.Context(), v.Token)
			ended := s.End(t.Context(), v.Token)
			if !v.Accepted {
				if err != core.ErrInvalidToken || ended != nil {
					t.Errorf("got %+v, %v, and %v from End, want core.ErrInvalidToken itself", got, err, ended)
				}
				return
			}
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v, %v, want %+v", got, err, want)
			}
			if !errors.Is(ended, core.ErrNotRevocable) {
				t.Errorf("End: got %v, want core.ErrNotRevocable", ended)
			}
		})
	}
}

// Where signatures are not random, the same grant makes the same bytes as
// PyJWT writes, with and without an id.
func TestKeyVectorsIssued(t *testing.T) {
	file, issued := vectorKeys(t), 0
	for _, v := range file.Vectors {
		if !v.Issued {
			continue
		}
		issued++
		token, _ := issue(t, file.strategy(t, v.Ring...), ports.Grant{UserID: file.Sub})
		if token != v.Token {
			t.Errorf("%s: got %s, want %s", v.Name, token, v.Token)
		}
	}
	if issued != 4 {
		t.Errorf("got %d issued tokens, want 4", issued)
	}
}

// The first key signs, in its algorithm and with its id, and a strategy that
// has nothing but its public half verifies.
func TestRingSignsWithTheFirst(t *testing.T) {
	file := vectorKeys(t)
	for name, header := range map[string]string{
		"rsa1=new": `{"alg":"RS256","kid":"new","typ":"JWT"}`, "rsa1": `{"alg":"RS256","typ":"JWT"}`,
		"ec1=new": `{"alg":"ES256","kid":"new","typ":"JWT"}`, "ec1": `{"alg":"ES256","typ":"JWT"}`,
		"ed1=new": `{"alg":"EdDSA","kid":"new","typ":"JWT"}`, "ed1=\"<é>": `{"alg":"EdDSA","kid":"\"<é>","typ":"JWT"}`,
		"secret=new": `{"alg":"HS256","kid":"new","typ":"JWT"}`, "secret": `{"alg":"HS256","typ":"JWT"}`,
	} {
		t.Run(name, func(t *testing.T) {
			s := file.strategy(t, name, "rsa2=other", "ec2=another", "ed2=third")
			token, _ := issue(t, s, ports.Grant{UserID: userID, Epoch: 3})
			head, _, _ := strings.Cut(token, ".")
			if got, ok := decode(head); !ok || string(got) != header {
				t.Errorf("got header %s, want %s", got, header)
			}
			key, id, _ := strings.Cut(name, "=")
			verifiers := []*Strategy{s}
			if key != "secret" {
				verifiers = append(verifiers, file.strategy(t, "rsa2=x", key+".public="+id))
			}
			for _, v := range verifiers {
				if g, err := v.Verify(t.Context(), token); err != nil || g.UserID != userID || g.Epoch != 3 {
					t.Errorf("got %+v, %v", g, err)
				}
			}
			if _, err := file.strategy(t, "rsa2=other", "ec2=another", "ed2=third").Verify(t.Context(), token); err != core.ErrInvalidToken {
				t.Errorf("without the key: got %v, want core.ErrInvalidToken", err)
			}
		})
	}
}
