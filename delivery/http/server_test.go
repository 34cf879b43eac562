package httpauth_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	httpauth "github.com/gousher/usher/delivery/http"
)

// server is a call of Serve.
type server struct {
	addr string
	stop context.CancelFunc
	// closed is closed once no connection is accepted any more.
	closed chan struct{}
	result chan error
}

// watched tells when it is closed. It is closed once.
type watched struct {
	net.Listener
	closed chan struct{}
}

func (l watched) Close() error {
	defer close(l.closed)
	return l.Listener.Close()
}

func serve(t *testing.T, handler http.Handler, cfg httpauth.ServerConfig) *server {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	s := &server{listener.Addr().String(), stop, make(chan struct{}), make(chan error, 1)}
	cfg.Log = slog.New(slog.DiscardHandler)
	go func() { s.result <- httpauth.Serve(ctx, watched{listener, s.closed}, handler, cfg) }()
	t.Cleanup(stop)
	return s
}

// dial sends text and returns the connection.
func (s *server) dial(t *testing.T, text string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if _, err := io.WriteString(conn, strings.ReplaceAll(text, "\n", "\r\n")); err != nil {
		t.Fatal(err)
	}
	return conn
}

// Once the context ends, what is under way finishes and nothing new begins.
func TestServeStops(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	s := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(entered)
		<-release
		io.WriteString(w, "finished")
	}), httpauth.ServerConfig{})
	conn := s.dial(t, "GET / HTTP/1.1\nHost: x\n\n")
	<-entered
	s.stop()
	<-s.closed
	if late, err := net.Dial("tcp", s.addr); err == nil {
		late.Close()
		t.Error("a connection was accepted after the end")
	}
	close(release)
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	if body, _ := io.ReadAll(res.Body); string(body) != "finished" {
		t.Errorf("got %q", body)
	}
	if err := <-s.result; err != nil {
		t.Errorf("Serve: %v", err)
	}
}

// After the grace, what still goes on is cut off.
func TestServeCutsOff(t *testing.T) {
	entered, left := make(chan struct{}), make(chan error, 1)
	s := serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(entered)
		<-r.Context().Done()
		left <- r.Context().Err()
	}), httpauth.ServerConfig{ShutdownGrace: time.Millisecond})
	conn := s.dial(t, "GET / HTTP/1.1\nHost: x\n\n")
	<-entered
	s.stop()
	if err := <-s.result; !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Serve: got %v, want %v", err, context.DeadlineExceeded)
	}
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("handler: got %v, want %v", err, context.Canceled)
	}
	if answer, _ := io.ReadAll(conn); len(answer) > 0 {
		t.Errorf("got %q, want no answer", answer)
	}
}

func TestServeEndedBefore(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := httpauth.Serve(ctx, listener, http.NotFoundHandler(), httpauth.ServerConfig{}); err != nil {
		t.Errorf("Serve: %v", err)
	}
	if _, err := listener.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("the listener is open: %v", err)
	}
}

type brokenListener struct{ net.Listener }

var errBroken = errors.New("broken")

func (brokenListener) Accept() (net.Conn, error) { return nil, errBroken }

func TestServeListenerFails(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	err = httpauth.Serve(t.Context(), brokenListener{listener}, http.NotFoundHandler(), httpauth.ServerConfig{})
	if !errors.Is(err, errBroken) {
		t.Errorf("got %v, want %v", err, errBroken)
	}
}

// A client that keeps a connection without using it as agreed is cut off.
func TestServeSlowClients(t *testing.T) {
	for _, c := range []struct {
		name, text string
		config     httpauth.ServerConfig
		want       string
	}{
		{"slow header", "GET / HTTP/1.1\nHost: x\nX-Slow: ", httpauth.ServerConfig{ReadHeaderTimeout: 20 * time.Millisecond}, ""},
		{"slow body", "POST / HTTP/1.1\nHost: x\nContent-Length: 10\n\nslow", httpauth.ServerConfig{ReadTimeout: 20 * time.Millisecond}, "HTTP/1.1 200 OK"},
		{"idle", "GET / HTTP/1.1\nHost: x\n\n", httpauth.ServerConfig{IdleTimeout: 20 * time.Millisecond}, "HTTP/1.1 200 OK"},
		{"long header", "GET / HTTP/1.1\nHost: x\nX-Long: " + strings.Repeat("a", 72<<10) + "\n\n", httpauth.ServerConfig{}, "HTTP/1.1 431 Request Header Fields Too Large"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if n, err := io.Copy(io.Discard, r.Body); r.Method == "POST" && err == nil {
					t.Errorf("read %d bytes of a body that never ended", n)
				}
			}), c.config)
			answer, err := io.ReadAll(s.dial(t, c.text)) // returns once the server closes
			if err != nil && c.want == "" {
				t.Errorf("read: %v", err)
			}
			if status, _, _ := strings.Cut(string(answer), "\r\n"); status != c.want {
				t.Errorf("got %q, want %q", status, c.want)
			}
		})
	}
}

// What a recorder does not show: the bytes on the wire.
func TestOnTheWire(t *testing.T) {
	s := serve(t, newWorld(t).api, httpauth.ServerConfig{})
	for _, c := range []struct{ name, request, want string }{
		{"no content", "POST /auth/jwt/logout HTTP/1.1\nHost: x\nAuthorization: " + king + "\n",
			"HTTP/1.1 204 No Content\nCache-Control: no-store\n"},
		{"redirect", "GET /users/me/?a=%20b HTTP/1.1\nHost: x:80\n",
			"HTTP/1.1 307 Temporary Redirect\nCache-Control: no-store\nContent-Length: 0\nLocation: http://x:80/users/me?a=%20b\n"},
		{"absolute target", "GET http://h.example/users/me/ HTTP/1.1\nHost: x\n",
			"HTTP/1.1 307 Temporary Redirect\nCache-Control: no-store\nContent-Length: 0\nLocation: http://h.example/users/me\n"},
		{"HEAD", "HEAD /users/me HTTP/1.1\nHost: x\n",
			"HTTP/1.1 405 Method Not Allowed\nAllow: GET\nCache-Control: no-store\nContent-Length: 31\nContent-Type: application/json\n"},
		{"body too large", "POST /auth/register HTTP/1.1\nHost: x\nContent-Length: 4000000\n\n" + strings.Repeat(" ", 4_000_000),
			"HTTP/1.1 413 Request Entity Too Large\nCache-Control: no-store\nContent-Length: 37\nContent-Type: application/json\n"},
		{"body too large, before it is sent", "POST /auth/register HTTP/1.1\nHost: x\nExpect: 100-continue\nContent-Length: 1048577\n",
			"HTTP/1.1 413 Request Entity Too Large\nCache-Control: no-store\nContent-Length: 37\nContent-Type: application/json\n"},
		{"broken chunk", "POST /auth/register HTTP/1.1\nHost: x\nTransfer-Encoding: chunked\n\nxyz\n",
			"HTTP/1.1 400 Bad Request\nCache-Control: no-store\nContent-Length: 48\nContent-Type: application/json\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := bufio.NewReader(s.dial(t, c.request+"\n"))
			got := ""
			for {
				line, err := in.ReadString('\n')
				if line = strings.TrimSuffix(line, "\r\n"); err != nil || line == "" {
					break
				}
				if !strings.HasPrefix(line, "Date: ") && !strings.HasPrefix(line, "Connection: ") {
					got += line + "\n"
				}
			}
			if got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}
