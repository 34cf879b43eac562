package contract

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A request is "METHOD /target", then header lines, then an empty line and the
// body. An answer is the status, the header lines in order of their names but
// for Date and Connection, an empty line and the body. «name» stands for a
// value: see [world.value]. In an answer, one that is not known yet is learnt,
// and so is «id».

// talk is a request, the answer to it, the next request, and so on.
type talk []string

var placeholder = regexp.MustCompile(`«([^»]+)»`)

// run has a talk with the server and stops at the first answer that is not
// the one that is wanted.
func (w *world) run(t testing.TB, lines talk) {
	t.Helper()
	require.Zero(t, len(lines)%2, "a request without an answer")
	for len(lines) > 0 {
		request := w.fill(t, lines[0])
		got := w.send(t, request)
		require.NoError(t, w.users.Drain(t.Context()))
		if want := w.learn(t, lines[1], got); got != want {
			t.Fatalf("to\n%.2000s\n\ngot\n%.4000s\n\nwant\n%.4000s", request, got, want)
		}
		lines = lines[2:]
	}
}

// fill puts the values of placeholders into text.
func (w *world) fill(t testing.TB, text string) string {
	t.Helper()
	return placeholder.ReplaceAllStringFunc(text, func(s string) string {
		value, ok := w.value(t, placeholder.FindStringSubmatch(s)[1])
		require.True(t, ok, "there is no %s", s)
		return value
	})
}

// newID stands for an id that is told for the first time.
const newID = "«id»"

// learn returns want with the values of its placeholders. Those that are not
// known yet got tells, each a word of the characters of tokens.
func (w *world) learn(t testing.TB, want, got string) string {
	t.Helper()
	want = placeholder.ReplaceAllStringFunc(want, func(s string) string {
		if value, ok := w.value(t, placeholder.FindStringSubmatch(s)[1]); ok && s != newID {
			return value
		}
		return s
	})
	var names []string
	pattern, rest := "^", want
	for _, at := range placeholder.FindAllStringSubmatchIndex(want, -1) {
		names = append(names, want[at[2]:at[3]])
		before := want[len(want)-len(rest) : at[0]]
		pattern += regexp.QuoteMeta(before) + `([A-Za-z0-9_.-]+)`
		rest = want[at[1]:]
	}
	found := regexp.MustCompile(pattern + regexp.QuoteMeta(rest) + "$").FindStringSubmatch(got)
	if found == nil {
		return want
	}
	for i, name := range names {
		w.known[name] = found[i+1]
	}
	return got
}

// send sends one request over a connection of its own and returns the answer.
func (w *world) send(t testing.TB, request string) string {
	t.Helper()
	return w.sendRaw(t, wire(request))
}

// wire is a request as HTTP/1.1 has it.
func wire(request string) string {
	head, body, _ := strings.Cut(request, "\n\n")
	first, rest, _ := strings.Cut(head, "\n")
	var out strings.Builder
	fmt.Fprintf(&out, "%s HTTP/1.1\r\nHost: camelot.bt\r\nConnection: close\r\n", first)
	if rest != "" {
		out.WriteString(strings.ReplaceAll(rest, "\n", "\r\n") + "\r\n")
	}
	if body != "" || !strings.HasPrefix(first, "GET ") {
		fmt.Fprintf(&out, "Content-Length: %d\r\n", len(body))
	}
	return out.String() + "\r\n" + body
}

// hangUp at the end of a request has its client close its side of the
// connection, so that the server sees the end.
const hangUp = "\x00hang up"

// sendRaw sends these bytes and returns the answer, or "" where there is none.
func (w *world) sendRaw(t testing.TB, raw string) string {
	t.Helper()
	raw, cut := strings.CutSuffix(raw, hangUp)
	conn, err := net.Dial("tcp", w.addr)
	require.NoError(t, err)
	defer conn.Close()
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		_, _ = io.WriteString(conn, raw) // the server may answer before it has read all
		if cut {
			_ = conn.(*net.TCPConn).CloseWrite()
		}
	}()
	answer, err := readAnswer(bufio.NewReader(conn), strings.HasPrefix(raw, "HEAD "))
	conn.Close()
	<-sent
	if err != nil {
		return ""
	}
	return answer
}

// readAnswer reads one answer, whose body ends where Content-Length says or,
// for lack of it, where the connection does. A bare one has none.
func readAnswer(r *bufio.Reader, bare bool) (string, error) {
	status, err := r.ReadString('\n')
	if err != nil {
		return "", err
	}
	fields := strings.SplitN(strings.TrimSpace(status), " ", 3)
	if len(fields) < 2 || !strings.HasPrefix(fields[0], "HTTP/1.") {
		return "", fmt.Errorf("an answer begins with %q", status)
	}
	length := -1
	var lines []string
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return "", err
		}
		if line = strings.TrimRight(line, "\r\n"); line == "" {
			break
		}
		name, value, _ := strings.Cut(line, ": ")
		if name == "Content-Length" {
			if length, err = strconv.Atoi(value); err != nil {
				return "", err
			}
		}
		if name != "Date" && name != "Connection" {
			lines = append(lines, line+"\n")
		}
	}
	slices.Sort(lines)
	head := fields[1] + "\n" + strings.Join(lines, "") + "\n"
	if bare || fields[1] == "204" {
		length = 0
	}
	if length < 0 {
		body, err := io.ReadAll(r)
		return head + string(body), err
	}
	body := make([]byte, length)
	_, err = io.ReadFull(r, body)
	return head + string(body), err
}
