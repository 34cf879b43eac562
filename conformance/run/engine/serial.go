package engine

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// serial is a proxy in front of a server that speaks MongoDB's wire protocol.
// It passes a message on when the one before, of whatever connection, was
// answered, so that no two are worked on at the same time.
type serial struct {
	listener net.Listener
	to       string
	alter    func(message []byte) []byte
	turn     sync.Mutex // held from a message to its answer

	mu    sync.Mutex
	ended bool
	conns map[net.Conn]bool
	all   sync.WaitGroup
}

// newSerial returns a proxy to the server at an address, which is sent what
// alter makes of each message.
func newSerial(to string, alter func(message []byte) []byte) (*serial, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("engine: serial: %w", err)
	}
	s := &serial{listener: l, to: to, alter: alter, conns: map[net.Conn]bool{}}
	s.all.Go(s.accept)
	return s, nil
}

// addr is where the proxy listens.
func (s *serial) addr() string { return s.listener.Addr().String() }

// close ends all connections.
func (s *serial) close() {
	s.listener.Close()
	s.mu.Lock()
	s.ended = true
	for c := range s.conns {
		c.Close()
	}
	s.mu.Unlock()
	s.all.Wait()
}

func (s *serial) accept() {
	for {
		client, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.all.Go(func() {
			defer client.Close()
			if !s.enter(client) {
				return
			}
			defer s.leave(client)
			server, err := (&net.Dialer{Timeout: time.Second}).DialContext(context.Background(), "tcp", s.to)
			if err != nil {
				return
			}
			defer server.Close()
			if !s.enter(server) {
				return
			}
			defer s.leave(server)
			for s.pass(client, server) == nil {
			}
		})
	}
}

// enter notes a connection, to be closed at the end, unless that was before.
func (s *serial) enter(c net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns[c] = true
	return !s.ended
}

func (s *serial) leave(c net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
}

// pass passes a message to the server, and the answer back.
func (s *serial) pass(client, server net.Conn) error {
	message, err := readMessage(client)
	if err != nil {
		return err
	}
	answer, err := s.ask(server, s.alter(message))
	if err != nil {
		return err
	}
	_, err = client.Write(answer)
	return err
}

// ask returns the server's answer to a message, or nothing where it gives none.
func (s *serial) ask(server net.Conn, message []byte) ([]byte, error) {
	s.turn.Lock()
	defer s.turn.Unlock()
	if _, err := server.Write(message); err != nil || !wantsAnswer(message) {
		return nil, err
	}
	return readMessage(server)
}

const (
	headerSize = 16
	opMsg      = 2013
	moreToCome = 1 << 1
	// largest is what a server says that a message may have at most.
	largest = 48_000_000
)

// readMessage reads a message of the wire protocol.
func readMessage(r io.Reader) ([]byte, error) {
	var head [headerSize]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	n := binary.LittleEndian.Uint32(head[:])
	if n < headerSize || n > largest {
		return nil, errors.New("engine: serial: no message of the wire protocol")
	}
	message := make([]byte, n)
	copy(message, head[:])
	_, err := io.ReadFull(r, message[headerSize:])
	return message, err
}

// wantsAnswer reports whether a server answers a message.
func wantsAnswer(message []byte) bool {
	if binary.LittleEndian.Uint32(message[12:]) != opMsg || len(message) < headerSize+4 {
		return true
	}
	return binary.LittleEndian.Uint32(message[headerSize:])&moreToCome == 0
}
