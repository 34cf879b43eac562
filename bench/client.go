package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"

	"google.golang.org/grpc"
)

// client is a connection to a server. It knows no more of HTTP than the
// servers here say, so that it takes little of the processors that it shares
// with them.
type client struct {
	addr string
	conn net.Conn
	in   *bufio.Reader
	body []byte
	// rpc is the connection for calls of gRPC.
	rpc *grpc.ClientConn
	// until ends all waiting for answers; zero is no end but patience's.
	until time.Time
}

// reply is an answer. Its body is good until the next one.
type reply struct {
	status     int
	retryAfter time.Duration
	body       []byte
}

// patience is how long a client waits for an answer.
const patience = 30 * time.Second

func (c *client) close() {
	if c.rpc != nil {
		c.rpc.Close()
		c.rpc = nil
	}
	if c.conn != nil {
		c.conn.Close()
		c.conn = nil
	}
}

// dial connects, so that the first request need not.
func (c *client) dial() error {
	conn, err := net.Dial("tcp", c.addr)
	if err == nil {
		c.conn, c.in = conn, bufio.NewReader(conn)
	}
	return err
}

// do sends a request as it stands. A connection that failed is opened anew
// for the next one.
func (c *client) do(request []byte) (reply, error) {
	if c.conn == nil {
		if err := c.dial(); err != nil {
			return reply{}, err
		}
	}
	r, err := c.exchange(request)
	if err != nil {
		c.close()
	}
	return r, err
}

func (c *client) exchange(request []byte) (reply, error) {
	deadline := time.Now().Add(patience)
	if !c.until.IsZero() && c.until.Before(deadline) {
		deadline = c.until
	}
	if err := c.conn.SetDeadline(deadline); err != nil {
		return reply{}, err
	}
	if _, err := c.conn.Write(request); err != nil {
		return reply{}, err
	}
	line, err := c.in.ReadSlice('\n')
	if err != nil {
		return reply{}, err
	}
	var r reply
	if len(line) < 12 || !bytes.HasPrefix(line, []byte("HTTP/1.1 ")) {
		return r, fmt.Errorf("an answer that begins %q", line)
	}
	if r.status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return r, err
	}
	length := -1
	for {
		if line, err = c.in.ReadSlice('\n'); err != nil {
			return r, err
		}
		if line = bytes.TrimRight(line, "\r\n"); len(line) == 0 {
			break
		}
		name, value, _ := bytes.Cut(line, []byte(": "))
		switch string(name) {
		case "Content-Length":
			length, err = strconv.Atoi(string(value))
		case "Retry-After":
			var seconds int
			seconds, err = strconv.Atoi(string(value))
			r.retryAfter = time.Duration(seconds) * time.Second
		}
		if err != nil {
			return r, err
		}
	}
	if length < 0 {
		return r, errors.New("an answer without a length")
	}
	if cap(c.body) < length {
		c.body = make([]byte, length)
	}
	r.body = c.body[:length]
	_, err = io.ReadFull(c.in, r.body)
	return r, err
}

// get is a request with a bearer token.
func get(path, token string) []byte {
	return []byte("GET " + path + " HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer " + token + "\r\n\r\n")
}

// post is a request with a body.
func post(path, contentType, body string) []byte {
	return []byte("POST " + path + " HTTP/1.1\r\nHost: bench\r\nContent-Type: " + contentType +
		"\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body)
}
