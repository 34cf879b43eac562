package grpcauth

import "testing"

// What is less than zero is no limit. As a least interval that is the shortest,
// and messages have a limit in any case.
func TestServerConfigBelowZero(t *testing.T) {
	got := ServerConfig{
		MaxMessageBytes: -1, HandshakeTimeout: -1, IdleTimeout: -1, MaxConnectionAge: -1, PingInterval: -1, PingTimeout: -1,
		MinPingInterval: -1, HealthInterval: -1, HealthTimeout: -1, ShutdownGrace: -1,
	}
	got.setDefaults()
	want := ServerConfig{
		MaxMessageBytes: 1 << 20, MaxHeaderBytes: 64 << 10, MaxStreams: 256,
		HandshakeTimeout: forever, IdleTimeout: forever, MaxConnectionAge: forever, PingInterval: forever, PingTimeout: forever,
		MinPingInterval: 1, HealthInterval: forever, HealthTimeout: forever, ShutdownGrace: forever, Log: got.Log,
	}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
