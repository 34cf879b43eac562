package core

import (
	"context"
	"errors"
	"time"

	"github.com/gousher/usher/ports"
)

const (
	// refreshEarly is how long before its end a provider's token is refreshed.
	refreshEarly = 30 * time.Second
	// refreshTime is how long whoever refreshes a token has for it.
	refreshTime = 15 * time.Second
	// refreshLook is how often the others look whether it is done.
	refreshLook = 50 * time.Millisecond
)

// Accounts returns the accounts of a user, the oldest first. Their Data is
// empty.
func (o *OAuth[U]) Accounts(ctx context.Context, userID string) ([]ports.Account, error) {
	all, err := o.accounts.AccountsOf(ctx, userID)
	for i := range all {
		all[i].Data = nil
	}
	return all, err
}

// Unlink takes an account from a user. It returns [ErrAccountNotFound], or
// [ErrLastWayIn] where the user has neither another account nor a password:
// of two concurrent calls for the last two accounts one does.
func (o *OAuth[U]) Unlink(ctx context.Context, userID, provider, subject string) error {
	return o.accounts.Unlink(ctx, userID, provider, subject, func(u U, left []ports.Account) error {
		if len(left) == 0 && !HasPassword(u) {
			return ErrLastWayIn
		}
		return nil
	})
}

// ProviderToken returns the access token of a user's account, for the
// provider's own interfaces. One that has ended, or is about to, is refreshed
// before: by one of any number of concurrent calls, in all processes, and the
// others wait for it. It returns [ErrAccountNotFound], also for an account of
// another user; [ErrNoProviderToken], wrapped, where there is no good token and
// none to be had; or [ErrProviderUnavailable], wrapped.
func (o *OAuth[U]) ProviderToken(ctx context.Context, userID, provider, subject string) (ports.ProviderTokens, error) {
	for {
		_, a, err := o.accounts.ByAccount(ctx, provider, subject)
		if err != nil {
			return ports.ProviderTokens{}, err
		}
		if a.UserID != userID {
			return ports.ProviderTokens{}, ErrAccountNotFound
		}
		tokens, _, err := o.sealer.open(a)
		if err != nil {
			return tokens, err
		}
		if !o.stale(tokens) {
			return tokens, nil
		}
		p, ok := o.Provider(provider)
		if tokens.Refresh == "" || !ok {
			return ports.ProviderTokens{}, ErrNoProviderToken
		}
		mine, err := o.undertake(ctx, a)
		if err != nil {
			return ports.ProviderTokens{}, err
		}
		if mine {
			return o.refresh(ctx, p, a, tokens)
		}
		select {
		case <-ctx.Done():
			return ports.ProviderTokens{}, ctx.Err()
		case <-time.After(refreshLook):
		}
	}
}

func (o *OAuth[U]) stale(t ports.ProviderTokens) bool {
	return t.Access == "" || !t.Expires.IsZero() && !o.users.cfg.Now().Add(refreshEarly).Before(t.Expires)
}

// errBusy says that somebody else is refreshing, or has refreshed, a token.
var errBusy = errors.New("usher: somebody else refreshes the token")

// undertake tells others that the tokens of the account, as read, are being
// refreshed, and reports false where somebody else was faster.
func (o *OAuth[U]) undertake(ctx context.Context, read ports.Account) (bool, error) {
	_, err := o.accounts.UpdateAccount(ctx, read.Provider, read.Subject, func(a *ports.Account) error {
		tokens, busy, err := o.sealer.open(*a)
		if err != nil {
			return err
		}
		now := o.users.now()
		if a.UserID != read.UserID || !o.stale(tokens) || now.Before(busy) {
			return errBusy
		}
		return o.sealer.seal(a, tokens, now.Add(refreshTime))
	})
	if errors.Is(err, errBusy) {
		return false, nil
	}
	return err == nil, err
}

// refresh gets new tokens and keeps them.
func (o *OAuth[U]) refresh(ctx context.Context, p ports.IdentityProvider, a ports.Account, old ports.ProviderTokens) (ports.ProviderTokens, error) {
	asking, cancel := context.WithTimeout(ctx, refreshTime)
	defer cancel()
	fresh, failed := p.Refresh(asking, old.Refresh)
	if failed == nil && fresh.Refresh == "" {
		fresh.Refresh = old.Refresh
	}
	kept := fresh
	if failed != nil {
		kept = old
	}
	if errors.Is(failed, ErrCodeRefused) {
		kept.Refresh = "" // it is worth nothing any more
	}
	// What the provider gave is kept even where the caller has gone: the old
	// token may be worth nothing by now.
	keeping, cancel := context.WithTimeout(context.WithoutCancel(ctx), refreshTime)
	defer cancel()
	_, err := o.accounts.UpdateAccount(keeping, a.Provider, a.Subject, func(now *ports.Account) error {
		if current, _, err := o.sealer.open(*now); err != nil || now.UserID != a.UserID || current.Refresh != old.Refresh {
			return errBusy // the user has logged in meanwhile, and has newer ones
		}
		now.UpdatedAt = o.users.now()
		return o.sealer.seal(now, kept, time.Time{})
	})
	switch {
	case errors.Is(failed, ErrCodeRefused):
		return ports.ProviderTokens{}, errors.Join(ErrNoProviderToken, failed)
	case failed != nil:
		return ports.ProviderTokens{}, o.asked(ctx, failed)
	case err != nil && !errors.Is(err, errBusy):
		return ports.ProviderTokens{}, err
	}
	return fresh, nil
}
