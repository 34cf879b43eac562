package httpauth

import (
	"bytes"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"
)

// limits are the fields of a server that bound a client.
type limits struct {
	readHeader, read, write, idle, grace time.Duration
	header                               int
}

func TestServerLimits(t *testing.T) {
	tests := []struct {
		name string
		cfg  ServerConfig
		want limits
	}{
		{"zero", ServerConfig{}, limits{5 * time.Second, 15 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Second, 64 << 10}},
		{"given", ServerConfig{
			ReadHeaderTimeout: 1, ReadTimeout: 2, WriteTimeout: 3, IdleTimeout: 4, ShutdownGrace: 5, MaxHeaderBytes: 6,
		}, limits{1, 2, 3, 4, 5, 6}},
		{"none", ServerConfig{
			ReadHeaderTimeout: -1, ReadTimeout: -1, WriteTimeout: -1, IdleTimeout: -1, ShutdownGrace: -1,
		}, limits{-1, -1, -1, -1, -1, 64 << 10}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.cfg.setDefaults()
			srv := tt.cfg.server(http.NotFoundHandler())
			got := limits{srv.ReadHeaderTimeout, srv.ReadTimeout, srv.WriteTimeout, srv.IdleTimeout, tt.cfg.ShutdownGrace, srv.MaxHeaderBytes}
			if got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestServerLog(t *testing.T) {
	var out bytes.Buffer
	cfg := ServerConfig{Log: slog.New(slog.NewTextHandler(&out, nil))}
	cfg.setDefaults()
	cfg.server(nil).ErrorLog.Print("what went wrong")
	if !strings.Contains(out.String(), "what went wrong") {
		t.Errorf("got %q in the log", out.String())
	}
}
