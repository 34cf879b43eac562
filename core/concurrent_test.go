package core_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/gousher/usher/core"
)

// Many callers log in, change their password, log out everywhere and edit
// the profile of one user at once. Every event that ends sessions counts
// once, and no session outlives one.
func TestConcurrentUse(t *testing.T) {
	const callers, rounds = 8, 15
	s := newSite(t)
	ann := s.put(named("ann", func(u *Member) { u.HashedPassword = "hash:0:0:" + password }))
	var ended, edited atomic.Int64
	allowed := func(err error) {
		if err != nil && !errors.Is(err, core.ErrInvalidCredentials) && !errors.Is(err, core.ErrUnauthenticated) {
			t.Errorf("got error %v", err)
		}
	}
	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() {
			ctx := t.Context()
			for range rounds {
				issued, err := s.auth.LoginWithPassword(ctx, ann.Email, password, core.Entry{Backend: "header"})
				allowed(err)
				session, err := s.auth.Authenticate(ctx, request(issued.Token, ""), policy{})
				allowed(err)
				if err != nil {
					continue
				}
				switch i % 4 {
				case 0:
					_, err = s.UpdateSelf(ctx, session.User, change{Password: ptr(password)})
				case 1:
					_, err = s.EndSessions(ctx, session.User)
				default:
					_, err = s.UpdateSelf(ctx, session.User, change{Apply: func(u *Member) error { u.Tags = append(u.Tags, "x"); return nil }})
				}
				allowed(err)
				switch {
				case err == nil && i%4 < 2:
					ended.Add(1)
				case err == nil:
					edited.Add(1)
				}
			}
		})
	}
	all.Wait()
	row := s.row("ann")
	wantEqual(t, "epoch", row.SessionEpoch, ended.Load())
	wantEqual(t, "edits", int64(len(row.Tags)), edited.Load())
	wantEqual(t, "whether the password lets in", s.lets(ann.Email, password), true)
	for token, grant := range s.header.grants {
		_, err := s.auth.Authenticate(t.Context(), request(token, ""), policy{})
		wantEqual(t, "whether the session is good", err == nil, grant.Epoch == row.SessionEpoch)
	}
}
