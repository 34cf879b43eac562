package core

import "context"

// Delete removes the user and all that hangs on it, or returns
// [ErrUserNotFound] or the error of the BeforeDelete hook.
func (m *Manager[U]) Delete(ctx context.Context, u U) error {
	if hook := m.cfg.Hooks.BeforeDelete; hook != nil {
		if err := hook(ctx, u); err != nil {
			return err
		}
	}
	if err := m.users.Delete(ctx, u.AuthUser().ID); err != nil {
		return err
	}
	if hook := m.cfg.Hooks.AfterDelete; hook != nil {
		hook(context.WithoutCancel(ctx), u)
	}
	return nil
}
