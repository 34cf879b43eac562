package core_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/gousher/usher/core"
)

// Ping asks the users and each backend that can be asked, and names what does
// not answer.
func TestPing(t *testing.T) {
	s := newSite(t)
	var sessions error
	auth := s.authenticator(
		core.Backend[*Member]{Name: "signed", Strategy: s.header, Transport: core.Bearer{}},
		core.Backend[*Member]{Name: "stored", Strategy: s.cookie, Transport: cookie("Cookie"),
			Ping: func(context.Context) error { return sessions }},
	)
	must(t, auth.Ping(t.Context()))

	sessions = errOutage
	if err := auth.Ping(t.Context()); !errors.Is(err, errOutage) || !strings.Contains(err.Error(), "backend stored") {
		t.Errorf("sessions are away: got %v", err)
	}
	sessions = nil
	s.store.at = func(context.Context, string) error { return errOutage }
	if err := auth.Ping(t.Context()); !errors.Is(err, errOutage) || !strings.Contains(err.Error(), "users") {
		t.Errorf("users are away: got %v", err)
	}
	s.store.at = nil
	must(t, auth.Ping(t.Context()))
}
