package main

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// What a load is told by a server that answers wrongly must not be measured.
func TestAnswersAreChecked(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Header.Get("Authorization") {
		case "Bearer good":
			answer(w, 200, map[string]string{"email": "ann@example.com"})
		case "Bearer busy":
			w.Header().Set("Retry-After", "2")
			answer(w, 503, nil)
		default:
			answer(w, 401, map[string]string{"detail": "Unauthorized"})
		}
	}))
	defer srv.Close()
	addr := strings.TrimPrefix(srv.URL, "http://")
	ann := []byte(`"email":"ann@example.com"`)
	for _, tt := range []struct {
		name string
		ask  ask
		ok   bool
	}{
		{"as expected", ask{request: get("/", "good"), status: 200, holds: ann}, true},
		{"another user", ask{request: get("/", "good"), status: 200, holds: []byte(`"email":"bob@example.com"`)}, false},
		{"another status", ask{request: get("/", "bad"), status: 200, holds: nil}, false},
		{"refused", ask{request: get("/", "bad"), status: 401, holds: []byte("Unauthorized")}, true},
	} {
		took, err := closedLoop(clientsOf(addr, 2), time.Millisecond, func(_, n int) *ask { return &tt.ask })
		if (err == nil) != tt.ok || tt.ok && len(took) == 0 {
			t.Errorf("%s: closedLoop: got %d answers, %v", tt.name, len(took), err)
		}
		took, lost := openLoop(addr, 1000, 5*time.Millisecond, func(int) *ask { return &tt.ask })
		if len(took) != 5 || (lost == 0) != tt.ok {
			t.Errorf("%s: openLoop: got %d answers, %d lost", tt.name, len(took), lost)
		}
	}
	c := &client{addr: addr}
	defer c.close()
	if r, err := c.do(get("/", "busy")); err != nil || r.status != 503 || r.retryAfter != 2*time.Second {
		t.Errorf("got %+v, %v, want 503 and two seconds", r, err)
	}
}

func TestDamaged(t *testing.T) {
	a := &ask{request: get("/", "xyzA1"), status: 200}
	for at, want := range map[int]string{0: "xyzAA", 1: "xyzB1", 4: "AyzA1"} {
		if got := a.damaged(at); string(got.request) != string(get("/", want)) || got.status != 401 {
			t.Errorf("at %d: got %q, %d, want the token %s and 401", at, got.request, got.status, want)
		}
	}
}

func TestPercentile(t *testing.T) {
	var list []time.Duration
	for i := range 200 {
		list = append(list, time.Duration(200-i))
	}
	if p50, p99 := percentile(list, 50), percentile(list, 99); p50 != 101 || p99 != 199 {
		t.Errorf("got %d and %d, want 101 and 199", p50, p99)
	}
	for want, list := range map[float64][]float64{2: {3, 2, 1}, 2.5: {4, 1, 2, 3}} {
		if got := median(list); got != want {
			t.Errorf("median of %v: got %v, want %v", list, got, want)
		}
	}
}

func TestRatiosAreOfOneRound(t *testing.T) {
	at := func(n int) sample { return sample{requests: n, length: time.Second} }
	bare := &series{samples: []sample{at(100), at(10)}}
	own := &series{samples: []sample{at(50), at(10)}}
	if got := own.ratios(bare, rateOf); got[0] != 0.5 || got[1] != 1 {
		t.Errorf("got %v, want 0.5 and 1", got)
	}
}

func TestVerdict(t *testing.T) {
	b := &bench{}
	b.hold(true, "kept")
	if code := b.verdict(); code != 0 {
		t.Errorf("got %d, want 0", code)
	}
	b.hold(false, "missed")
	if code := b.verdict(); code != 1 {
		t.Errorf("got %d, want 1", code)
	}
}

// Bare handlers verify the tokens that usher makes, and no others.
func TestBareVerification(t *testing.T) {
	s := &setting{secret: []byte(strings.Repeat("s", 32))}
	strategy, err := s.jwt()
	if err != nil {
		t.Fatal(err)
	}
	token, _, err := strategy.Issue(t.Context(), grantOf("some id", 3))
	if err != nil {
		t.Fatal(err)
	}
	b := &bare{secret: s.secret}
	for name, verify := range map[string]func(string) (string, int64, error){"jwx": b.jwx, "hmac": b.hmac} {
		if id, epoch, err := verify(token); id != "some id" || epoch != 3 || err != nil {
			t.Errorf("%s: got %q, %d, %v", name, id, epoch, err)
		}
		for i := range token {
			other := []byte(token)
			if other[i] ^= 1; other[i] == '.' || token[i] == '.' {
				continue
			}
			if _, _, err := verify(string(other)); !errors.Is(err, errRefused) {
				// The last character has bits that jwx does not look at.
				if name == "jwx" && i == len(token)-1 {
					continue
				}
				t.Errorf("%s: %s is accepted", name, other)
			}
		}
	}
}

func TestProcessesAreRead(t *testing.T) {
	p, err := readProcess(1)
	if err != nil || p.parent != 0 {
		t.Errorf("got %+v, %v, want a process without a parent", p, err)
	}
	if whole, err := machineCPU(); err != nil || whole <= 0 {
		t.Errorf("got %v, %v", whole, err)
	}
}
