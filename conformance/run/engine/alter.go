package engine

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// Altered returns a URI that leads to the database of another through a proxy,
// which alters commands before the server sees them: alter is given each of
// them in canonical Extended JSON, and returns it as it is to be.
func Altered(t testing.TB, uri string, alter func(command string) string) string {
	t.Helper()
	u, err := url.Parse(uri)
	if err != nil {
		t.Fatalf("engine: alter: %v", err)
	}
	s, err := newSerial(u.Host, func(message []byte) []byte {
		altered, err := alterMessage(message, alter)
		if err != nil {
			t.Errorf("engine: alter: %v", err)
			return message
		}
		return altered
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.close)
	u.Host = s.addr()
	return u.String()
}

// alterMessage returns a message whose command is altered, or the same where
// it is not.
func alterMessage(message []byte, alter func(command string) string) ([]byte, error) {
	return rewrite(message, func(command bson.D) (bson.D, error) {
		text, err := bson.MarshalExtJSON(command, true, false)
		if err != nil {
			return nil, err
		}
		with := alter(string(text))
		if with == string(text) {
			return nil, nil
		}
		var altered bson.D
		if err := bson.UnmarshalExtJSON([]byte(with), true, &altered); err != nil {
			return nil, fmt.Errorf("%w: %s", err, with)
		}
		return altered, nil
	})
}

// withoutLimit takes the limit of time out of a command: FerretDB 1 interrupts
// what the SQLite connection does when that is over, which may be somebody
// else's command by then.
func withoutLimit(message []byte) []byte {
	const limit = "maxTimeMS"
	if !bytes.Contains(message, []byte(limit)) {
		return message
	}
	without, err := rewrite(message, func(command bson.D) (bson.D, error) {
		return slices.DeleteFunc(command, func(e bson.E) bool { return e.Key == limit }), nil
	})
	if err != nil {
		return message // which the server refuses
	}
	return without
}

// rewrite returns a message with what edit makes of its command, or the same
// where that is nothing.
func rewrite(message []byte, edit func(command bson.D) (bson.D, error)) ([]byte, error) {
	if len(message) < headerSize+4 || binary.LittleEndian.Uint32(message[12:]) != opMsg {
		return message, nil
	}
	command, err := commandOf(message[headerSize+4:])
	if err != nil {
		return nil, err
	}
	edited, err := edit(command)
	if err != nil || edited == nil {
		return message, err
	}
	body, err := bson.Marshal(edited)
	if err != nil {
		return nil, err
	}
	out := bytes.Clone(message[:headerSize+4])
	binary.LittleEndian.PutUint32(out[headerSize:], 0) // no checksum
	out = append(append(out, 0), body...)
	binary.LittleEndian.PutUint32(out, uint32(len(out)))
	return out, nil
}

// commandOf returns the command that the sections of a message make: its body,
// and in it the sequences of documents that stand apart.
func commandOf(sections []byte) (bson.D, error) {
	var command, apart bson.D
	for len(sections) > 0 {
		kind := sections[0]
		sections = sections[1:]
		if len(sections) < 4 {
			return nil, errors.New("a section that is cut off")
		}
		n := int(binary.LittleEndian.Uint32(sections))
		if n < 5 || n > len(sections) {
			return nil, errors.New("a section that is cut off")
		}
		section := sections[:n]
		sections = sections[n:]
		if kind == 0 {
			if err := bson.Unmarshal(section, &command); err != nil {
				return nil, err
			}
			continue
		}
		name, docs, ok := bytes.Cut(section[4:], []byte{0})
		if !ok {
			return nil, errors.New("a sequence without a name")
		}
		list := bson.A{}
		for len(docs) >= 5 {
			n := min(len(docs), int(binary.LittleEndian.Uint32(docs)))
			list = append(list, bson.Raw(docs[:n]))
			docs = docs[n:]
		}
		apart = append(apart, bson.E{Key: string(name), Value: list})
	}
	return append(command, apart...), nil
}
