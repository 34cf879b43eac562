package session_test

import (
	"slices"
	"testing"
	"time"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/core/session"
	"github.com/gousher/usher/ports"
)

const (
	minute = time.Minute
	hour   = time.Hour
	day    = 24 * time.Hour
	tick   = time.Microsecond
)

func TestNewNamesProblems(t *testing.T) {
	const order, short = "Config.Idle is above Config.Lifetime", "Config.Lifetime or Config.Idle is below a second"
	tests := []struct {
		name   string
		tokens ports.TokenStore
		cfg    session.Config
		want   []string
	}{
		{"zero", newStore(), session.Config{}, nil},
		{"endless", newStore(), session.Config{Lifetime: -1, Idle: -1}, nil},
		{"endless if used", newStore(), session.Config{Lifetime: -1, Idle: 30 * day}, nil},
		{"as long as it may be idle", newStore(), session.Config{Lifetime: hour, Idle: hour}, nil},
		{"shorter than the default of idle", newStore(), session.Config{Lifetime: minute}, nil},
		{"shortest", newStore(), session.Config{Lifetime: time.Second, Idle: time.Second}, nil},
		{"no store", nil, session.Config{}, []string{"tokens is missing"}},
		{"idle for longer than it lives", newStore(), session.Config{Lifetime: hour, Idle: hour + 1}, []string{order}},
		{"idle for longer than the default of the life", newStore(), session.Config{Idle: 25 * hour}, []string{order}},
		{"short life", newStore(), session.Config{Lifetime: 3600}, []string{short}},
		{"short idle", newStore(), session.Config{Idle: 900}, []string{short}},
		{"everything", nil, session.Config{Lifetime: 1, Idle: 2}, []string{"tokens is missing", order, short}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s, err := session.New(test.tokens, test.cfg)
			_, berr := session.Backend("db", ports.Stores[*core.User]{Tokens: test.tokens}, test.cfg, core.Bearer{})
			if test.want == nil {
				must(t, err)
				must(t, berr)
				return
			}
			wantEqual(t, "strategy", s, nil)
			wantEqual[error](t, "error of New", err, &core.ConfigError{Of: "session", Problems: test.want})
			wantEqual(t, "error of Backend", berr, err)
		})
	}
}

func TestDefaultClock(t *testing.T) {
	s, err := session.New(newStore(), session.Config{})
	must(t, err)
	before := time.Now()
	token, expires, err := s.Issue(t.Context(), login)
	must(t, err)
	if d := expires.Sub(before); d < day-hour || d > day+hour {
		t.Errorf("got a session that ends after %v, want about a day", d)
	}
	_, err = s.Verify(t.Context(), token)
	must(t, err)
}

// Both ends of a session when it is made.
func TestIssueExpiry(t *testing.T) {
	never := time.Time{}
	tests := []struct {
		name        string
		cfg         session.Config
		asked       time.Time
		want, stays time.Time
	}{
		{"default", session.Config{}, never, noon.Add(day), noon.Add(hour)},
		{"short life", session.Config{Lifetime: 20 * minute}, never, noon.Add(20 * minute), noon.Add(20 * minute)},
		{"long life", session.Config{Lifetime: 90 * day}, never, noon.Add(90 * day), noon.Add(hour)},
		{"however idle", session.Config{Idle: -1}, never, noon.Add(day), noon.Add(day)},
		{"for ever if used", session.Config{Lifetime: -1}, never, never, noon.Add(hour)},
		{"for ever", session.Config{Lifetime: -1, Idle: -1}, never, never, never},
		{"asked for less", session.Config{}, noon.Add(2 * hour), noon.Add(2 * hour), noon.Add(hour)},
		{"asked for less than idle", session.Config{}, noon.Add(minute), noon.Add(minute), noon.Add(minute)},
		{"asked for more", session.Config{}, noon.Add(25 * hour), noon.Add(day), noon.Add(hour)},
		{"asked for an end", session.Config{Lifetime: -1, Idle: -1}, noon.Add(hour), noon.Add(hour), noon.Add(hour)},
		{"asked in another zone, to the nanosecond", session.Config{}, noon.Add(minute + 1999).In(time.FixedZone("", 3600)),
			noon.Add(minute + tick), noon.Add(minute + tick)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, test.cfg)
			token, expires, err := w.Issue(t.Context(), ports.Grant{UserID: "ann", Expires: test.asked})
			must(t, err)
			wantEqual(t, "expires", expires, test.want)
			wantEqual(t, "expiry kept", w.row().ExpiresAt, test.stays)
			for name, check := range w.checks() {
				g, err := check(t.Context(), token)
				must(t, err)
				wantEqual(t, "expiry of the grant by "+name, g.Expires, test.want)
			}
		})
	}
}

// step is a use of a session, so long after it was made.
type step struct {
	at time.Duration
	// noted is until when the session may be idle from now on, if the use is
	// noted in the store; zero if it is not.
	noted time.Duration
	over  bool
}

func TestLife(t *testing.T) {
	every := func(d, until time.Duration) (steps []step) {
		for at := d; at < until; at += d {
			noted := at + hour
			if noted > until {
				noted = 0 // nothing is to be won
			}
			steps = append(steps, step{at: at, noted: noted})
		}
		return steps
	}
	tests := []struct {
		name  string
		cfg   session.Config
		asked time.Duration
		steps []step
	}{
		{"idle", session.Config{}, 0, []step{{at: hour - tick, noted: 2*hour - tick}, {at: 2*hour - 2*tick, noted: 3*hour - 2*tick}, {at: 3*hour - 2*tick, over: true}}},
		{"idle at once", session.Config{}, 0, []step{{at: hour, over: true}}},
		{"refused for good", session.Config{}, 0, []step{{at: hour, over: true}, {at: hour + tick, over: true}, {at: day, over: true}, {at: 1000 * day, over: true}}},
		{"in use until it ends", session.Config{}, 0, append(every(30*minute, day), step{at: day - tick}, step{at: day, over: true}, step{at: day + hour, over: true})},
		{"noted to the tenth", session.Config{}, 0, []step{
			{at: 0}, {at: tick}, {at: 6*minute - tick}, {at: 6 * minute, noted: 66 * minute}, {at: 6*minute + tick},
			{at: 12*minute - tick}, {at: 12 * minute, noted: 72 * minute}, {at: 12 * minute},
		}},
		{"noted to the tenth of a short idle", session.Config{Idle: 10 * time.Second}, 0, []step{
			{at: time.Second - tick}, {at: time.Second, noted: 11 * time.Second}, {at: 11*time.Second - tick, noted: 21*time.Second - tick}, {at: 21 * time.Second, over: true},
		}},
		{"not noted once nothing is to be won", session.Config{Lifetime: hour}, 0, []step{{at: 30 * minute}, {at: hour - tick}, {at: hour, over: true}}},
		{"however idle", session.Config{Idle: -1}, 0, []step{{at: 12 * hour}, {at: day - tick}, {at: day, over: true}}},
		{"for ever if used", session.Config{Lifetime: -1, Idle: 10 * day}, 0, []step{{at: 9 * day, noted: 19 * day}, {at: 18 * day, noted: 28 * day}, {at: 28 * day, over: true}}},
		{"for ever", session.Config{Lifetime: -1, Idle: -1}, 0, []step{{at: 0}, {at: day}, {at: 30000 * day}}},
		{"asked to end", session.Config{}, 80 * minute, []step{{at: 50 * minute, noted: 80 * minute}, {at: 80*minute - tick}, {at: 80 * minute, over: true}}},
		{"asked to end, for ever otherwise", session.Config{Lifetime: -1, Idle: -1}, hour, []step{{at: hour - tick}, {at: hour, over: true}}},
	}
	for _, test := range tests {
		for _, how := range []string{"Get", "UserByToken"} {
			t.Run(test.name+", by "+how, func(t *testing.T) {
				w := newWorld(t, test.cfg)
				g := ports.Grant{UserID: "ann"}
				if test.asked > 0 {
					g.Expires = noon.Add(test.asked)
				}
				token := w.issue(g)
				for _, step := range test.steps {
					w.now = noon.Add(step.at)
					before := w.row().ExpiresAt
					calls := w.calls(func() {
						_, err := w.checks()[how](t.Context(), token)
						if over := err == core.ErrInvalidToken; over != step.over || err != nil && !over {
							t.Errorf("after %v: got error %v, want it over: %v", step.at, err, step.over)
						}
					})
					want, until := []string{how}, before
					if step.noted > 0 {
						want, until = append(want, "Extend"), noon.Add(step.noted)
					}
					wantEqual(t, "calls of the store after "+step.at.String(), calls, want)
					wantEqual(t, "expiry kept after "+step.at.String(), w.row().ExpiresAt, until)
				}
			})
		}
	}
}

// A session that is used without a pause is written at most ten times in each
// time that it may be idle.
func TestWrites(t *testing.T) {
	for _, how := range []string{"Get", "UserByToken"} {
		t.Run(how, func(t *testing.T) {
			w := newWorld(t, session.Config{})
			token := w.issue(login)
			calls := w.calls(func() {
				for at := time.Duration(0); at < 3*hour; at += 7 * time.Second {
					w.now = noon.Add(at)
					_, err := w.checks()[how](t.Context(), token)
					must(t, err)
				}
			})
			writes := len(slices.DeleteFunc(calls, func(call string) bool { return call != "Extend" }))
			if writes < 28 || writes > 30 {
				t.Errorf("got %d writes in three hours, want 30 at most and no less than needed", writes)
			}
		})
	}
}

// Noting a use never brings back what was ended meanwhile.
func TestNeverRevived(t *testing.T) {
	for _, how := range []string{"Get", "UserByToken"} {
		t.Run(how, func(t *testing.T) {
			w := newWorld(t, session.Config{})
			token := w.issue(login)
			w.now = noon.Add(30 * minute)
			w.store.at = func(call string) error {
				if call == "Extend" {
					w.store.at = nil
					return w.End(t.Context(), token)
				}
				return nil
			}
			_, err := w.checks()[how](t.Context(), token)
			must(t, err)
			wantEqual(t, "tokens kept", len(w.store.tokens), 0)
			_, err = w.checks()[how](t.Context(), token)
			wantErr(t, err, core.ErrInvalidToken)
		})
	}
}

// The sessions that are under way while the configuration is changed.
func TestConfigChanges(t *testing.T) {
	endless := session.Config{Lifetime: -1, Idle: -1}
	tests := []struct {
		name       string
		made, read session.Config
		good, over time.Duration
		calls      []string
	}{
		{"shorter life", endless, session.Config{Lifetime: 2 * hour, Idle: -1}, 2*hour - tick, 2 * hour, []string{"Get"}},
		{"shorter life, used", session.Config{Idle: 5 * hour}, session.Config{Lifetime: 2 * hour, Idle: 2 * hour}, 2*hour - tick, 2 * hour, []string{"Get"}},
		{"longer life", session.Config{Lifetime: hour, Idle: -1}, session.Config{Idle: -1}, hour - tick, hour, []string{"Get"}},
		{"an idle time for those that had none", endless, session.Config{}, day - tick, day, []string{"Get"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, test.made)
			token := w.issue(login)
			w.configure(test.read)
			w.now = noon.Add(test.good)
			calls := w.calls(func() {
				_, err := w.Verify(t.Context(), token)
				must(t, err)
			})
			wantEqual(t, "calls of the store", calls, test.calls)
			w.now = noon.Add(test.over)
			_, err := w.Verify(t.Context(), token)
			wantErr(t, err, core.ErrInvalidToken)
		})
	}
}
