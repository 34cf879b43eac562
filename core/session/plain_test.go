package session_test

import (
	"context"
	"testing"
	"time"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/core/session"
	"github.com/gousher/usher/ports"
)

const old = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP0" // as secrets.token_urlsafe makes them

// migrating is a world with a session of another system's that ends so long
// after noon; zero means never.
func migrating(t *testing.T, cfg session.Config, ends time.Duration) *world {
	t.Helper()
	w := newWorld(t, cfg)
	cfg.Plain = w.plain
	w.configure(cfg)
	row := ports.Token{UserID: "ann", CreatedAt: noon}
	if ends != 0 {
		row.ExpiresAt = noon.Add(ends)
	}
	w.plain.rows[old] = row
	return w
}

func TestAdopt(t *testing.T) {
	again := map[string][]string{"Get": {"Get", "Adopt", "Get"}, "UserByToken": {"UserByToken", "Adopt", "UserByToken"}}
	for how, calls := range again {
		t.Run(how, func(t *testing.T) {
			w := migrating(t, session.Config{}, 2*hour)
			use := func() (g ports.Grant, err error) {
				return w.checks()[how](t.Context(), old)
			}
			wantEqual(t, "calls of the store", w.calls(func() {
				g, err := use()
				must(t, err)
				wantEqual(t, "grant", g, ports.Grant{UserID: "ann", At: noon, Expires: noon.Add(2 * hour)})
			}), calls)
			wantEqual(t, "plain rows", len(w.plain.rows), 0)
			wantEqual(t, "what is kept", w.row(), ports.Token{
				Purpose: "session", Digest: digest(old), UserID: "ann", CreatedAt: noon, ExpiresAt: noon.Add(2 * hour),
			})

			w.now = noon.Add(2*hour - tick)
			wantEqual(t, "calls of the store at a second use", w.calls(func() {
				_, err := use()
				must(t, err)
			}), []string{how})
			wantEqual(t, "expiry kept", w.row().ExpiresAt, noon.Add(2*hour))
			w.now = noon.Add(2 * hour)
			_, err := use()
			wantErr(t, err, core.ErrInvalidToken)

			wantEqual(t, "calls of the store for what it keeps now", w.calls(func() {
				_, err := w.checks()[how](t.Context(), digest(old))
				wantErr(t, err, core.ErrInvalidToken)
			}), nil)
		})
	}
}

func TestAdoptLife(t *testing.T) {
	tests := []struct {
		name string
		cfg  session.Config
		ends time.Duration
		at   time.Duration
		want error
	}{
		{"before it ends", session.Config{}, hour, hour - tick, nil},
		{"when it ends", session.Config{}, hour, hour, core.ErrInvalidToken},
		{"long over", session.Config{}, -hour, 0, core.ErrInvalidToken},
		{"longer than sessions live, before", session.Config{}, 30 * day, day - tick, nil},
		{"longer than sessions live", session.Config{}, 30 * day, day, core.ErrInvalidToken},
		{"without an end, before", session.Config{}, 0, day - tick, nil},
		{"without an end", session.Config{}, 0, day, core.ErrInvalidToken},
		{"without an end, for ever", session.Config{Lifetime: -1, Idle: -1}, 0, 1000 * day, nil},
		{"without an end, for ever if used", session.Config{Lifetime: -1}, 0, 1000 * day, nil},
	}
	for _, test := range tests {
		for _, how := range []string{"Get", "UserByToken"} {
			t.Run(test.name+", by "+how, func(t *testing.T) {
				w := migrating(t, test.cfg, test.ends)
				w.now = noon.Add(test.at)
				before := w.plain.rows[old].ExpiresAt
				_, err := w.checks()[how](t.Context(), old)
				wantErr(t, err, test.want)
				wantEqual(t, "calls of the store again", w.calls(func() {
					_, err := w.checks()[how](t.Context(), old)
					wantErr(t, err, test.want)
				}), []string{how})
				wantEqual(t, "expiry kept", w.row().ExpiresAt, before)
			})
		}
	}
}

// Other calls meet a session that was not adopted yet.
func TestAdoptedOnTheWay(t *testing.T) {
	w := migrating(t, session.Config{}, 2*hour)
	must(t, w.Restamp(t.Context(), old, 7))
	wantEqual(t, "epoch kept", w.row().Epoch, 7)

	w = migrating(t, session.Config{}, 2*hour)
	wantEqual(t, "calls of the store", w.calls(func() { must(t, w.End(t.Context(), old)) }), []string{"Take", "Adopt", "Take"})
	wantEqual(t, "plain rows", len(w.plain.rows), 0)
	wantEqual(t, "tokens kept", len(w.store.tokens), 0)
	_, err := w.Verify(t.Context(), old)
	wantErr(t, err, core.ErrInvalidToken)
	must(t, w.End(t.Context(), old))
}

// outrun is a LegacyTokens that is always a moment too late: another call
// adopts the session first.
type outrun struct{ ports.LegacyTokens }

func (o outrun) Adopt(ctx context.Context, token, digest string) (ports.Token, error) {
	if _, err := o.LegacyTokens.Adopt(ctx, token, digest); err != nil {
		return ports.Token{}, err
	}
	return ports.Token{}, core.ErrTokenNotFound
}

// Nobody is logged out because two calls adopt one session at once.
func TestAdoptedByAnother(t *testing.T) {
	for name, use := range map[string]func(w *world, ctx context.Context, token string) error{
		"Verify": (*world).verifies, "resolve": (*world).resolves,
		"End": func(w *world, ctx context.Context, token string) error {
			err := w.End(ctx, token)
			wantEqual(t, "tokens kept", len(w.store.tokens), 0)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := migrating(t, session.Config{}, 2*hour)
			w.configure(session.Config{Plain: outrun{w.plain}})
			must(t, use(w, t.Context(), old))
		})
	}
}

// Plain is asked for what was not found, and for nothing else.
func TestAdoptIsAskedLast(t *testing.T) {
	w := migrating(t, session.Config{}, 2*hour)
	ours, gone := w.issue(login), w.issue(ports.Grant{UserID: "gone"})
	unknown := newWorld(t, session.Config{}).issue(login)
	tests := []struct {
		name   string
		f      func(context.Context, string) error
		token  string
		want   error
		called []string
	}{
		{"ours", w.verifies, ours, nil, []string{"Get"}},
		{"ours, joined", w.resolves, ours, nil, []string{"UserByToken"}},
		{"ours, of a user who is gone", w.resolves, gone, core.ErrInvalidToken, []string{"UserByToken", "Adopt", "UserByToken"}},
		{"unknown", w.verifies, unknown, core.ErrInvalidToken, []string{"Get", "Adopt", "Get"}},
		{"unknown, joined", w.resolves, unknown, core.ErrInvalidToken, []string{"UserByToken", "Adopt", "UserByToken"}},
		{"unknown, ended", w.End, unknown, nil, []string{"Take", "Adopt", "Take"}},
		{"ours, ended", w.End, ours, nil, []string{"Take"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			wantEqual(t, "calls of the store", w.calls(func() {
				wantErr(t, test.f(t.Context(), test.token), test.want)
			}), test.called)
		})
	}
	wantEqual(t, "plain rows", len(w.plain.rows), 1)

	w.configure(session.Config{})
	wantEqual(t, "calls of the store without Plain", w.calls(func() {
		wantErr(t, w.verifies(t.Context(), old), core.ErrInvalidToken)
		wantErr(t, w.resolves(t.Context(), old), core.ErrInvalidToken)
		must(t, w.End(t.Context(), old))
	}), []string{"Get", "UserByToken", "Take"})
}

func (w *world) verifies(ctx context.Context, token string) error {
	_, err := w.Verify(ctx, token)
	return err
}

func (w *world) resolves(ctx context.Context, token string) error {
	_, _, err := w.resolve(ctx, token)
	return err
}
