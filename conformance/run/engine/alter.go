package engine

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net/url"
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
	if binary.LittleEndian.Uint32(message[12:]) != opMsg {
		return message, nil
	}
	command, err := commandOf(message[headerSize+4:])
	if err != nil {
		return nil, err
	}
	text, err := bson.MarshalExtJSON(command, true, false)
	if err != nil {
		return nil, err
	}
	with := alter(string(text))
	if with == string(text) {
		return message, nil
	}
	var altered bson.D
	if err := bson.UnmarshalExtJSON([]byte(with), true, &altered); err != nil {
		return nil, fmt.Errorf("%w: %s", err, with)
	}
	body, err := bson.Marshal(altered)
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
