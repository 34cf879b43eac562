package scenarios

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/gousher/usher/adapters/memory"
	"github.com/gousher/usher/conformance/run/engine"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) { os.Exit(engine.Main(m)) }

// deliveries are the ways to a world. What the first does is what the others
// are compared with.
var deliveries = []struct {
	name string
	open func(*testing.T, *world) driver
}{
	{"Go", func(_ *testing.T, w *world) driver { return newGoAPI(w) }},
	{"HTTP", newOverHTTP},
	{"gRPC", newOverGRPC},
}

// played is what came of a scenario.
type played struct {
	// told has a line for each step: the code and who was shown.
	told   []string
	stored []string
	sent   []string
}

// TestScenarios takes every scenario through every delivery, and prints which
// outcomes of which use cases each of them had.
func TestScenarios(t *testing.T) {
	engine.Memory(t)
	seen := table{}
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			var first played
			for i, d := range deliveries {
				t.Run(d.name, func(t *testing.T) {
					got := play(t, s, d.name, d.open, seen)
					if i == 0 {
						first = got
						return
					}
					require.NotEmpty(t, first.told, "%s did not come to the end", deliveries[0].name)
					assert.Equal(t, first.stored, got.stored, "what is stored")
					assert.Equal(t, first.sent, got.sent, "the mails")
					for n, line := range got.told {
						if line != "" && first.told[n] != "" {
							assert.Equal(t, first.told[n], line, "step %d", n)
						}
					}
				})
			}
		})
	}
	if !t.Failed() {
		engine.Note(seen.String())
		seen.check(t)
	}
}

// play takes the steps of s through a delivery.
func play(t *testing.T, s scenario, delivery string, open func(*testing.T, *world) driver, seen table) played {
	w := newWorld(t, s.setup, memory.New[member](memory.Config{}))
	d := open(t, w)
	var out played
	for n, step := range s.steps {
		line := ""
		switch {
		case step.world != nil:
			step.world(t, w)
		case step.except != delivery:
			line = w.take(t, d, n, step)
			seen.add(step.use, step.want, delivery)
		}
		out.told = append(out.told, line)
	}
	w.state.Store(works)
	out.stored, out.sent = w.stored(t), w.sent(t)
	return out
}

// take takes one step and returns what the caller was told.
func (w *world) take(t *testing.T, d driver, n int, s step) string {
	t.Helper()
	token, known := w.tokens[s.as]
	require.True(t, known, "step %d: %s has no session", n, s.as)
	c := call{t: t, token: token, id: "00000000-0000-7000-8000-000000000000"}
	if s.of != "" && s.of != "nobody" {
		c.id = w.id(t, s.of)
	}
	if s.in != nil {
		c.in = fields{}
	}
	for name, value := range s.in {
		switch value {
		case resetMail:
			value = w.mail(t, "reset")
		case verifyMail:
			value = w.mail(t, "verify")
		}
		c.in[name] = value
	}
	got := d.do(s.use, c)
	if !w.full {
		require.NoError(t, w.users.Drain(t.Context())) // mails are sent in the order of the steps
	}
	require.Equal(t, s.want, got.code, "step %d: %s as %q: %v", n, s.use, s.as, s.in)
	if s.use == login && got.code == ok {
		require.NotEmpty(t, got.token, "step %d: the token", n)
		name, _, _ := strings.Cut(strings.ToLower(s.in.text("email")), "@")
		w.tokens[name] = got.token
	}
	return got.code + " " + w.described(t, got.users)
}

// described are users without their ids, which differ between worlds and are
// those of the stored users.
func (w *world) described(t *testing.T, users []fields) string {
	t.Helper()
	var lines []string
	for _, u := range users {
		stored, err := w.stores.Users.ByID(t.Context(), u.text("id"))
		require.NoError(t, err, "the id of %v", u)
		require.Equal(t, stored.Email, u.text("email"), "whose the id is")
		delete(u, "id")
		lines = append(lines, fmt.Sprint(map[string]any(u))) // in the order of names
	}
	slices.Sort(lines)
	return strings.Join(lines, ", ")
}
