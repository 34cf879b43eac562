package run

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/gousher/usher/adapters/memory"
	"github.com/gousher/usher/conformance/run/engine"
	"github.com/gousher/usher/core"
	"github.com/stretchr/testify/require"
)

// users of one mail token at once.
const openers = 64

// mailed returns the token of the last mail once the queue is empty.
func mailed(t testing.TB, m *core.Manager[*member], mails *drawer) string {
	t.Helper()
	require.NoError(t, m.Drain(t.Context()))
	sent := mails.postbox().Sent()
	require.NotEmpty(t, sent)
	return sent[len(sent)-1].Token
}

func post(path string, fields map[string]string) call {
	body, _ := json.Marshal(fields)
	return call{method: http.MethodPost, path: path, body: string(body)}
}

// count returns how many of the answers have the status.
func count(answers []answer, status int) int {
	n := 0
	for _, a := range answers {
		if a.status == status {
			n++
		}
	}
	return n
}

// resets uses one reset token from 64 callers with 64 passwords and returns
// the answers, and how many of the passwords log in afterwards.
func (p *pair) resets(t testing.TB, round int, manager *core.Manager[*member], mails *drawer) (answers []answer, open int) {
	t.Helper()
	address := fmt.Sprintf("reset.%d@example.com", round)
	require.Equal(t, http.StatusCreated, p.do(0, registration(address, "the old password")).status)
	require.NoError(t, manager.ForgotPassword(t.Context(), address))
	token := mailed(t, manager, mails)
	calls := make([]call, openers)
	for i := range calls {
		calls[i] = post("/auth/reset-password", map[string]string{"token": token, "password": fmt.Sprint("the new password ", i)})
	}
	answers = p.together(calls)
	for i := range calls {
		if answers[i].status == http.StatusOK && p.do(i, login(address, fmt.Sprint("the new password ", i))).status == http.StatusOK {
			open++
		}
	}
	require.Equal(t, http.StatusBadRequest, p.do(0, login(address, "the old password")).status)
	return answers, open
}

func TestRaceOfResets(t *testing.T) {
	onServed(t, func(t *testing.T, dsn string) {
		p := startPair(t, dsn, "")
		mails := &drawer{}
		manager := p.manager(t, mails)
		for round := range p.rounds {
			answers, open := p.resets(t, round, manager, mails)
			require.Equal(t, 1, count(answers, http.StatusOK), "round %d: resets", round)
			require.Equal(t, 1, open, "round %d: passwords that log in", round)
			require.Equal(t, openers-1, tally(answers)[answer{http.StatusBadRequest, `{"detail":"RESET_PASSWORD_BAD_TOKEN"}`}], "round %d: %v", round, tally(answers))
		}
	})
}

func TestRaceOfVerifications(t *testing.T) {
	onServed(t, func(t *testing.T, dsn string) {
		p := startPair(t, dsn, "")
		mails := &drawer{}
		manager := p.manager(t, mails)
		for round := range p.rounds {
			address := fmt.Sprintf("verify.%d@example.com", round)
			require.Equal(t, http.StatusCreated, p.do(0, registration(address, "the old password")).status)
			require.NoError(t, manager.RequestVerify(t.Context(), address))
			token := mailed(t, manager, mails)
			calls := make([]call, openers)
			for i := range calls {
				calls[i] = post("/auth/verify", map[string]string{"token": token})
			}
			answers := p.together(calls)
			require.Equal(t, 1, count(answers, http.StatusOK), "round %d: verifications", round)
			require.Equal(t, openers-1, tally(answers)[answer{http.StatusBadRequest, `{"detail":"VERIFY_USER_ALREADY_VERIFIED"}`}], "round %d: %v", round, tally(answers))
		}
	})
}

// The races above must be ones that a store can lose.
func TestRaceOfResetsIsLostByReadingFirst(t *testing.T) {
	onServed(t, func(t *testing.T, dsn string) {
		p := startPair(t, dsn, "naive")
		mails := &drawer{}
		manager := p.manager(t, mails)
		for round := range p.rounds {
			if answers, _ := p.resets(t, round, manager, mails); count(answers, http.StatusOK) > 1 {
				t.Logf("round %d: %d resets by one token", round, count(answers, http.StatusOK))
				return
			}
		}
		t.Errorf("%d rounds of %d resets never beat a store that reads first", p.rounds, openers)
	})
}

// The same in one process, on the memory adapter.
func TestRaceOfMailTokensInMemory(t *testing.T) {
	engine.Memory(t)
	mails := &drawer{}
	manager, err := newManager(memory.New[member](memory.Config{}), mails, 1)
	require.NoError(t, err)
	for round := range rounds {
		address := fmt.Sprintf("%d@example.com", round)
		_, err := manager.Register(t.Context(), &member{User: core.User{Email: address}}, "the old password")
		require.NoError(t, err)
		require.NoError(t, manager.RequestVerify(t.Context(), address))
		verify := mailed(t, manager, mails)
		requireOne(t, core.ErrAlreadyVerified, func(ctx context.Context, _ int) error { _, err := manager.Verify(ctx, verify); return err })
		require.NoError(t, manager.ForgotPassword(t.Context(), address))
		reset := mailed(t, manager, mails)
		requireOne(t, core.ErrInvalidToken, func(ctx context.Context, i int) error {
			return manager.ResetPassword(ctx, reset, fmt.Sprint("the new password ", i))
		})
	}
}

// requireOne calls f 64 times at once: one call succeeds, the others return
// want.
func requireOne(t testing.TB, want error, f func(ctx context.Context, i int) error) {
	t.Helper()
	errs := make(chan error)
	start := make(chan struct{})
	for i := range openers {
		go func() {
			<-start
			errs <- f(t.Context(), i)
		}()
	}
	close(start)
	succeeded := 0
	for range openers {
		if err := <-errs; err == nil {
			succeeded++
		} else {
			require.ErrorIs(t, err, want)
		}
	}
	require.Equal(t, 1, succeeded)
}
