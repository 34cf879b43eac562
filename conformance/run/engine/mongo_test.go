package engine

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"net"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/connstring"
)

// openMongo returns the database that uri names.
func openMongo(t *testing.T, uri string) *mongo.Database {
	t.Helper()
	cs, err := connstring.Parse(uri)
	if err != nil {
		t.Fatal(err)
	}
	client, err := mongo.Connect(options.Client().ApplyURI(uri).SetServerSelectionTimeout(10 * time.Second))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Disconnect(context.Background()) })
	return client.Database(cs.Database)
}

// A database is empty, a test's own, and gone when the test ends.
func TestFerretDB(t *testing.T) {
	var left string
	t.Run("a test", func(t *testing.T) {
		left = FerretDB(t)
		db := openMongo(t, left)
		names, err := db.ListCollectionNames(t.Context(), bson.D{})
		if err != nil || len(names) != 0 {
			t.Errorf("collections of a new database: %q, %v", names, err)
		}
		if _, err := db.Collection("things").InsertOne(t.Context(), bson.D{{Key: "a", Value: 1}}); err != nil {
			t.Fatal(err)
		}
		if FerretDB(t) == left {
			t.Error("two calls gave one database")
		}
	})
	n, err := openMongo(t, left).Collection("things").CountDocuments(t.Context(), bson.D{})
	if err != nil || n != 0 {
		t.Errorf("documents that a test left: %d, %v", n, err)
	}
	if want := "engine FerretDB 1.24 (serialised) (process)"; !slices.Contains(Describe(), want) {
		t.Errorf("Describe() = %q, want %q", Describe(), want)
	}
	if got := Version("FerretDB"); got != "FerretDB 1.24 (serialised)" {
		t.Errorf("Version() = %q", got)
	}
}

// Of many callers of one update with a guard, on connections of their own, one
// changes the document: the engine by itself lets several do so.
func TestFerretDBIsSerialised(t *testing.T) {
	uri := FerretDB(t)
	dbs := []*mongo.Database{openMongo(t, uri), openMongo(t, uri)}
	for round := range 8 {
		if _, err := dbs[0].Collection("things").InsertOne(t.Context(), bson.D{{Key: "_id", Value: round}, {Key: "free", Value: true}}); err != nil {
			t.Fatal(err)
		}
		var won, failed sync.Map
		var all sync.WaitGroup
		for i := range 64 {
			all.Go(func() {
				r, err := dbs[i%2].Collection("things").UpdateOne(t.Context(), bson.D{{Key: "_id", Value: round}, {Key: "free", Value: true}},
					bson.D{{Key: "$set", Value: bson.D{{Key: "free", Value: false}, {Key: "by", Value: i}}}})
				if err != nil {
					failed.Store(i, err)
				} else if r.ModifiedCount == 1 {
					won.Store(i, true)
				}
			})
		}
		all.Wait()
		winners := 0
		won.Range(func(any, any) bool { winners++; return true })
		failed.Range(func(i, err any) bool { t.Errorf("caller %v: %v", i, err); return true })
		if winners != 1 {
			t.Errorf("round %d: %d callers changed the document, want 1", round, winners)
		}
	}
}

// A server that is stopped and started keeps what it had, at the same URI.
func TestFerretDBServer(t *testing.T) {
	var dir string
	t.Run("a test", func(t *testing.T) {
		s := FerretDBServer(t)
		dir = s.f.dir
		things := openMongo(t, s.URI).Collection("things")
		if _, err := things.InsertOne(t.Context(), bson.D{{Key: "_id", Value: "kept"}}); err != nil {
			t.Fatal(err)
		}
		s.Stop()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second/2)
		defer cancel()
		if err := things.FindOne(ctx, bson.D{}).Err(); err == nil || errors.Is(err, mongo.ErrNoDocuments) {
			t.Errorf("a server that is stopped answers: %v", err)
		}
		s.Start()
		if err := things.FindOne(t.Context(), bson.D{{Key: "_id", Value: "kept"}}).Err(); err != nil {
			t.Error(err)
		}
	})
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the directory that the server had is there: %v", err)
	}
}

// fakeServer answers each message that wants it with itself, after a while,
// and notes how many of those it had at the same time.
func fakeServer(t *testing.T) (addr string, most func() int) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	var mu sync.Mutex
	now, max := 0, 0
	serve := func(c net.Conn) {
		defer c.Close()
		for {
			m, err := readMessage(c)
			if err != nil {
				return
			}
			if !wantsAnswer(m) {
				continue
			}
			mu.Lock()
			if now++; now > max {
				max = now
			}
			mu.Unlock()
			time.Sleep(2 * time.Millisecond)
			mu.Lock()
			now--
			mu.Unlock()
			_, _ = c.Write(m)
		}
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go serve(c)
		}
	}()
	return l.Addr().String(), func() int { mu.Lock(); defer mu.Unlock(); return max }
}

// wireMessage is a message of the wire protocol.
func wireMessage(flags uint32, text string) []byte {
	m := make([]byte, headerSize+4, headerSize+4+len(text))
	m = append(m, text...)
	binary.LittleEndian.PutUint32(m, uint32(len(m)))
	binary.LittleEndian.PutUint32(m[12:], opMsg)
	binary.LittleEndian.PutUint32(m[headerSize:], flags)
	return m
}

func TestSerial(t *testing.T) {
	addr, most := fakeServer(t)
	s, err := newSerial(addr, func(message []byte) []byte { return message })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.close)
	connect := func() net.Conn {
		c, err := net.Dial("tcp", s.addr())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	var all sync.WaitGroup
	for i := range 16 {
		c, text := connect(), strings.Repeat("x", i)
		all.Go(func() {
			for range 4 {
				// The first has no answer, and nobody waits for one.
				if _, err := c.Write(append(wireMessage(moreToCome, "silent"), wireMessage(0, text)...)); err != nil {
					t.Error(err)
					return
				}
				answer, err := readMessage(c)
				if err != nil || string(answer[headerSize+4:]) != text {
					t.Errorf("got %q, %v, want %q", answer, err, text)
					return
				}
			}
		})
	}
	all.Wait()
	// Somebody who goes away holds nobody up.
	c := connect()
	if _, err := c.Write(wireMessage(0, "gone")); err != nil {
		t.Fatal(err)
	}
	c.Close()
	c = connect()
	if _, err := c.Write([]byte("GET / HTTP/1.1\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	if n, err := c.Read(make([]byte, 1)); n != 0 || err == nil {
		t.Errorf("something else than the protocol: got %d bytes, %v, want the end of the connection", n, err)
	}
	if n := most(); n != 1 {
		t.Errorf("the server had %d messages at the same time, want 1", n)
	}
}

// A command is altered wherever its documents stand in the message, and others
// pass as they are.
func TestAltered(t *testing.T) {
	uri := FerretDB(t)
	var names sync.Map
	altered := openMongo(t, Altered(t, uri, func(command string) string {
		name, _, _ := strings.Cut(command, ":")
		names.Store(name, true)
		return strings.ReplaceAll(command, `"typed"`, `"altered"`)
	})).Collection("things")
	docs := []any{bson.D{{Key: "_id", Value: 1}, {Key: "text", Value: "typed"}}, bson.D{{Key: "_id", Value: 2}, {Key: "text", Value: "other"}}}
	if _, err := altered.InsertMany(t.Context(), docs); err != nil {
		t.Fatal(err)
	}
	for id, want := range map[int]string{1: "altered", 2: "other"} {
		var got struct{ Text string }
		err := openMongo(t, uri).Collection("things").FindOne(t.Context(), bson.D{{Key: "_id", Value: id}}).Decode(&got)
		if err != nil || got.Text != want {
			t.Errorf("document %d: got %q, %v, want %q", id, got.Text, err, want)
		}
	}
	if _, ok := names.Load(`{"insert"`); !ok {
		t.Error("the command was not shown")
	}
}

// A limit of time is left out, wherever the command's documents stand, and a
// message that is none passes as it is.
func TestWithoutLimit(t *testing.T) {
	command := bson.D{{Key: "find", Value: "things"}, {Key: "maxTimeMS", Value: int64(5)}, {Key: "filter", Value: bson.D{{Key: "a", Value: "maxTimeMS"}}}}
	body, err := bson.Marshal(command)
	if err != nil {
		t.Fatal(err)
	}
	got, err := commandOf(withoutLimit(wireMessage(0, "\x00"+string(body)))[headerSize+4:])
	if want := append(bson.D{command[0]}, command[2]); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	for _, text := range []string{"maxTimeMS", "\x00\xff\xff\xff\x7fmaxTimeMS", "\x01\x06\x00\x00\x00xmaxTimeMS"} {
		if m := wireMessage(0, text); !bytes.Equal(withoutLimit(m), m) {
			t.Errorf("%q was altered", text)
		}
	}
}
