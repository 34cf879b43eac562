package grpcauth_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"

	grpcauth "github.com/gousher/usher/delivery/grpc"
	"github.com/gousher/usher/delivery/grpc/usherv1"
	"github.com/gousher/usher/ports"
)

// Tricks with metadata that a client of gRPC sends never let anybody in, as
// whomever, nor a policy of one's own think that somebody is there.
func TestMetadata(t *testing.T) {
	w := newWorld(t)
	const ambiguous = "InvalidArgument Bad Request | usher BAD_REQUEST"
	tests := []struct {
		name string
		md   []string
		want string
	}{
		{"two authorizations", []string{"authorization", "Bearer king", "authorization", "Bearer queen"}, ambiguous},
		{"two equal authorizations", []string{"authorization", "Bearer king", "authorization", "Bearer king"}, ambiguous},
		{"a good one and none", []string{"authorization", "Bearer king", "authorization", ""}, ambiguous},
		{"two in one", []string{"authorization", "Bearer king, Bearer queen"}, unauthorized},
		{"binary", []string{"authorization-bin", "Bearer king"}, unauthorized},
		{"binary beside a bad one", []string{"authorization", "Bearer x", "authorization-bin", "Bearer king"}, unauthorized},
		{"a scheme of another case", []string{"authorization", "BEARER king"}, "OK"},
		{"a name of another case", []string{"AUTHORIZATION", "Bearer king"}, "OK"},
		{"a token of another case", []string{"authorization", "Bearer KING"}, unauthorized},
		{"another scheme", []string{"authorization", "Basic a2luZzpndWluZXZlcmU="}, unauthorized},
		{"no scheme", []string{"authorization", "king"}, unauthorized},
		{"no token", []string{"authorization", "Bearer "}, unauthorized},
		{"names that gRPC reserves", []string{"grpc-authorization", "Bearer king", "grpc-user", "king"}, unauthorized},
		{"names that others use", []string{"x-user-id", queenID, "x-forwarded-user", "queen", "user-id", queenID}, unauthorized},
		{"large", []string{"authorization", "Bearer " + strings.Repeat("x", 60<<10)}, unauthorized},
		{"much", append([]string{"authorization", "Bearer x"}, strings.Split(strings.Repeat("x-more,y,", 1000)+"a,b", ",")...), unauthorized},
		{"two cookies, the last one good", []string{"cookie", "auth=x; auth=king"}, "OK"},
		{"a cookie of nobody's", []string{"cookie", "auth=\"\\999\""}, unauthorized},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			out, err := w.user().GetMe(metadata.AppendToOutgoingContext(as(t, ""), test.md...), &usherv1.GetMeRequest{})
			if got := told(t, err); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
			if err == nil && out.GetUser().GetId() != kingID {
				t.Errorf("is %v", out.GetUser())
			}
		})
	}
	if log := w.log.String(); strings.Contains(log, "level=ERROR") {
		t.Errorf("tricks are in the log:\n%s", log)
	}
}

// A policy that lets strangers pass as well does not take a call with two
// authorizations for a stranger's.
func TestAmbiguousOptional(t *testing.T) {
	w := newWorld(t, withApp, func(w *world) {
		w.grpc.Policies = map[string]policy{"/grpc.testing.TestService/UnaryCall": {Optional: true}}
		declareRest(w)
	})
	ctx := metadata.AppendToOutgoingContext(as(t, "king"), "authorization", "Bearer queen")
	if got := w.unary(t, ctx); !strings.HasPrefix(got, codes.InvalidArgument.String()) {
		t.Errorf("got %s", got)
	}
}

// What no client of gRPC would send is written to the connection by hand: it
// ends the call or the connection, and never with an answer.
func TestRawMetadata(t *testing.T) {
	w := newWorld(t)
	good := [][2]string{
		{":method", "POST"}, {":scheme", "http"}, {":path", usherv1.UserService_GetMe_FullMethodName}, {":authority", "localhost"},
		{"content-type", "application/grpc"}, {"te", "trailers"},
	}
	king := [2]string{"authorization", "Bearer king"}
	with := func(more ...[2]string) [][2]string { return append(append([][2]string{}, good...), more...) }
	path := func(p string) [][2]string {
		h := with(king)
		h[2][1] = p
		return h
	}
	tests := []struct {
		name   string
		header [][2]string
		want   string // the grpc-status; "" is none: the call or the connection is cut off
	}{
		{"as clients do", with(king), "0"},
		{"a name in upper case", with([2]string{"Authorization", "Bearer king"}), ""},
		{"a name with a blank", with([2]string{"authorization ", "Bearer king"}), ""},
		{"a value with a line break", with([2]string{"authorization", "Bearer king\r\nx-user: queen"}), ""},
		{"a name with a NUL", with([2]string{"authorization\x00", "Bearer king"}), ""},
		{"a pseudo-header that does not exist", with([2]string{":authorization", "Bearer king"}), ""},
		{"a pseudo-header twice", with([2]string{":path", "/usher.v1.UserService/ListUsers"}, king), ""},
		{"larger than allowed", with([2]string{"authorization", "Bearer " + strings.Repeat("x", 70<<10)}), ""},
		{"binary that is none", with([2]string{"authorization-bin", "%%%"}), "3 13"},
		{"a path without a slash", path("usher.v1.UserService/GetMe"), "12"},
		{"a path with two slashes", path("//usher.v1.UserService/GetMe"), "12"},
		{"a path in another case", path("/usher.v1.userservice/getme"), "12"},
		{"a path with an escape", path("/usher.v1.UserService/%47etMe"), "12"},
		{"a path that ends with a slash", path("/usher.v1.UserService/GetMe/"), "12"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := w.raw(t, test.header)
			if got != test.want && !(got != "" && strings.Contains(" "+test.want+" ", " "+got+" ")) {
				t.Errorf("got status %q, want %q", got, test.want)
			}
		})
	}
	if got := told(t, w.me(as(t, "king"))); got != "OK" {
		t.Errorf("afterwards: %s", got)
	}
	if log := w.log.String(); strings.Contains(log, "panic") {
		t.Errorf("something panicked:\n%s", log)
	}
}

// raw sends a call with that header, byte for byte, and returns its
// grpc-status, or "" where it was cut off.
func (w *world) raw(t *testing.T, header [][2]string) string {
	t.Helper()
	conn, err := net.Dial("tcp", w.addr)
	must(t, 0, err)
	defer conn.Close()
	must(t, 0, conn.SetDeadline(time.Now().Add(10*time.Second)))
	_, err = io.WriteString(conn, http2.ClientPreface)
	must(t, 0, err)
	framer := http2.NewFramer(conn, conn)
	framer.AllowIllegalWrites = true
	must(t, 0, framer.WriteSettings())
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	for _, f := range header {
		must(t, 0, encoder.WriteField(hpack.HeaderField{Name: f[0], Value: f[1]}))
	}
	for first, rest := true, block.Bytes(); first || len(rest) > 0; first = false {
		part := rest[:min(len(rest), 16<<10)]
		rest = rest[len(part):]
		if first {
			err = framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: part, EndHeaders: len(rest) == 0})
		} else {
			err = framer.WriteContinuation(1, len(rest) == 0, part)
		}
		must(t, 0, err)
	}
	must(t, 0, framer.WriteData(1, true, []byte{0, 0, 0, 0, 0}))
	framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	for {
		frame, err := framer.ReadFrame()
		if err != nil {
			return ""
		}
		switch frame := frame.(type) {
		case *http2.RSTStreamFrame, *http2.GoAwayFrame:
			return ""
		case *http2.MetaHeadersFrame:
			for _, f := range frame.Fields {
				if f.Name == "grpc-status" {
					return f.Value
				}
			}
			if status := frame.PseudoValue("status"); status != "200" {
				return ""
			}
		}
	}
}

// What a policy and hooks get to know of a call.
func TestRequest(t *testing.T) {
	var seen ports.Request
	w := newWorld(t, withApp, func(w *world) {
		w.grpc.Policies = map[string]policy{"/grpc.testing.TestService/UnaryCall": {
			Backends: func(_ context.Context, req ports.Request) []string { seen = req; return []string{"bearer"} },
		}}
		declareRest(w)
	})
	ctx := metadata.AppendToOutgoingContext(as(t, "king"), "x-forwarded-for", "203.0.113.9")
	if got := w.unary(t, ctx); got != "king@camelot.bt" {
		t.Fatalf("got %s", got)
	}
	if got := seen.Peer.String(); got != "127.0.0.1" {
		t.Errorf("the peer is %s, want 127.0.0.1: nobody is trusted with x-forwarded-for", got)
	}
	if !strings.HasPrefix(seen.UserAgent, "grpc-go/") || seen.CrossSite {
		t.Errorf("the request is %+v", seen)
	}
}

// A service is there once, and all that is wrong with a configuration is said.
func TestConfigErrors(t *testing.T) {
	w := newBareWorld(t)
	_, err := grpcauth.New(w.auth, grpcauth.Config[*Member]{
		Timeout:        -1,
		Message:        grpcauth.Message[*Member, *usherv1.GetMeRequest](nil, nil),
		TrustedOrigins: []string{"example.com/x"},
		Public:         []string{"greet.v1.GreetService/Greet", "/greet.v1.GreetService/*", "/a/b", usherv1.UserService_GetMe_FullMethodName},
		Policies:       map[string]policy{"/a/b": {}, "": {}},
	}, grpcauth.Users{}, grpcauth.Users{}, grpcauth.Auth{Backends: []string{"jwt"}})
	for _, want := range []string{
		"Config.Timeout is negative", "Config.Message: show or read is missing", "Config.TrustedOrigins[0]",
		`Config.Public[0] "greet.v1.GreetService/Greet" is not the full name`, `Config.Public[1] "/greet.v1.GreetService/*" is not the full name`,
		`Config.Public[3] "/usher.v1.UserService/GetMe" has a policy already`, `Config.Policies["/a/b"] has a policy already`,
		`Config.Policies[""] is not the full name`, "grpcauth.Users is there already", `Auth.Backends[0]: there is no backend "jwt"`,
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %v", want, err)
		}
	}
	if _, err := grpcauth.New[*Member](nil, grpcauth.Config[*Member]{}); err == nil || !strings.Contains(err.Error(), "auth is missing") {
		t.Errorf("without an authenticator: %v", err)
	}
	silent := newBareWorld(t, func(w *world) { w.core.Mail.Mailer, w.core.Mail.Signer, w.services = nil, nil, nil })
	if _, err := grpcauth.New(silent.auth, silent.grpc, grpcauth.Reset{}, grpcauth.Verify{}); err == nil ||
		!strings.Contains(err.Error(), "Reset: the manager sends no mails") || !strings.Contains(err.Error(), "Verify: the manager") {
		t.Errorf("without a mailer: %v", err)
	}
}
