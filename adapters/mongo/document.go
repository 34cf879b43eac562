package mongostore

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gousher/usher/core"
	"go.mongodb.org/mongo-driver/v2/bson"
)

// A user's document is what bson makes of the application's struct, but for
// three things. The _id is of the type that Config.IDs says. A dollar sign at
// the beginning of a name, and a dot in it, are escaped, as are those of the
// keys of maps: they would be operators and paths to the server. And as BSON's
// dates end at the millisecond, the microseconds of a date are beside them, in
// the field micros, by the path of the date.
const (
	idField       = "_id"
	keyField      = "email_key"
	revisionField = "revision"
	microsField   = "micros"
)

// encode returns the fields of u's document, without the _id, or
// core.ErrInvalidValue for what cannot be kept.
func encode[U core.AnyUser](u U) (bson.D, error) {
	var buf bytes.Buffer
	e := bson.NewEncoder(bson.NewDocumentWriter(&buf))
	e.SetRegistry(registry)
	e.ErrorOnInlineDuplicates()
	if err := e.Encode(u); err != nil { // a key with NUL, a number that is too large
		return nil, fmt.Errorf("%w: %w", core.ErrInvalidValue, err)
	}
	p := packer{micros: bson.D{}}
	packed, err := p.pack(buf.Bytes(), "")
	if err != nil {
		return nil, err
	}
	fields, err := fieldsOf(packed)
	if err != nil || len(p.micros) == 0 {
		return fields, err
	}
	micros, err := bson.Marshal(p.micros)
	return append(fields, bson.E{Key: microsField, Value: bson.RawValue{Type: bson.TypeEmbeddedDocument, Value: micros}}), err
}

// fieldsOf returns the fields of a document, without the _id.
func fieldsOf(doc bson.Raw) (bson.D, error) {
	elements, err := doc.Elements()
	if err != nil {
		return nil, err
	}
	fields := make(bson.D, 0, len(elements)+1)
	for _, e := range elements {
		if e.Key() != idField {
			fields = append(fields, bson.E{Key: e.Key(), Value: e.Value()})
		}
	}
	return fields, nil
}

// field returns the field of that name.
func field(fields bson.D, name string) (bson.RawValue, bool) {
	for _, f := range fields {
		if f.Key == name {
			return f.Value.(bson.RawValue), true
		}
	}
	return bson.RawValue{}, false
}

// decode makes a user of a document.
func decode[T any, U core.UserPtr[T]](doc bson.Raw, ids IDs) (U, error) {
	id, err := ids.text(doc.Lookup(idField))
	if err != nil {
		return nil, err
	}
	p := unpacker{micros: map[string]int64{}}
	if micros, ok := doc.Lookup(microsField).DocumentOK(); ok {
		elements, err := micros.Elements()
		if err != nil {
			return nil, err
		}
		for _, e := range elements {
			if n, ok := e.Value().AsInt64OK(); ok {
				p.micros[e.Key()] = n
			}
		}
	}
	fields, err := p.unpack(doc, "")
	if err != nil {
		return nil, err
	}
	d := bson.NewDecoder(bson.NewDocumentReader(bytes.NewReader(fields)))
	d.SetRegistry(registry)
	u := U(new(T))
	if err := d.Decode(u); err != nil {
		return nil, err
	}
	u.AuthUser().ID = id
	return u, nil
}

// packer turns what the encoder wrote into what is kept.
type packer struct{ micros bson.D }

func (p *packer) pack(doc bson.Raw, path string) (bson.Raw, error) {
	elements, err := doc.Elements()
	if err != nil {
		return nil, err
	}
	out := newDocument()
	for _, e := range elements {
		name, v := escape(e.Key()), e.Value()
		switch at := path + name; v.Type {
		case bson.TypeString:
			if !utf8.ValidString(v.StringValue()) {
				return nil, core.ErrInvalidValue
			}
		case bson.TypeEmbeddedDocument, bson.TypeArray:
			if v.Value, err = p.pack(v.Value, at+below); err != nil {
				return nil, err
			}
		case bson.TypeDBPointer:
			_, oid := v.DBPointer()
			micros := int64(binary.BigEndian.Uint64(oid[:]))
			ms := time.UnixMicro(micros).UnixMilli()
			v = bson.RawValue{Type: bson.TypeDateTime, Value: binary.LittleEndian.AppendUint64(nil, uint64(ms))}
			if rest := micros - ms*1000; rest != 0 {
				p.micros = append(p.micros, bson.E{Key: at, Value: int32(rest)})
			}
		}
		out.add(name, v)
	}
	return out.end(), nil
}

// unpacker turns what is kept into what the decoder reads.
type unpacker struct{ micros map[string]int64 }

func (p *unpacker) unpack(doc bson.Raw, path string) (bson.Raw, error) {
	elements, err := doc.Elements()
	if err != nil {
		return nil, err
	}
	out := newDocument()
	for _, e := range elements {
		name, v := e.Key(), e.Value()
		if path == "" && (name == idField || name == microsField) {
			continue
		}
		switch at := path + name; v.Type {
		case bson.TypeEmbeddedDocument, bson.TypeArray:
			if v.Value, err = p.unpack(v.Value, at+below); err != nil {
				return nil, err
			}
		case bson.TypeDateTime:
			if rest := p.micros[at]; rest != 0 {
				v = bson.RawValue{Type: bson.TypeDBPointer, Value: pointer(v.DateTime()*1000 + rest)}
			}
		}
		out.add(unescape(name), v)
	}
	return out.end(), nil
}

// below stands between the parts of a path. No name has it once it is escaped.
const below = "%/"

var (
	escaper   = strings.NewReplacer("%", "%25", "$", "%24", ".", "%2E")
	unescaper = strings.NewReplacer("%25", "%", "%24", "$", "%2E", ".")
)

func escape(name string) string   { return escaper.Replace(name) }
func unescape(name string) string { return unescaper.Replace(name) }

// document is BSON that is being written.
type document struct{ b []byte }

func newDocument() *document { return &document{make([]byte, 4, 256)} }

func (d *document) add(name string, v bson.RawValue) {
	d.b = append(append(append(append(d.b, byte(v.Type)), name...), 0), v.Value...)
}

func (d *document) end() bson.Raw {
	d.b = append(d.b, 0)
	binary.LittleEndian.PutUint32(d.b, uint32(len(d.b)))
	return d.b
}

// mappingProblems returns why users of type T cannot be kept.
func mappingProblems[T any, U core.UserPtr[T]]() []string {
	typ := reflect.TypeFor[T]()
	if !core.EmbedsUser[U]() {
		return []string{fmt.Sprintf("%v is not a struct that embeds core.User by value", typ)}
	}
	fields, err := encode(U(new(T)))
	if err != nil {
		return []string{fmt.Sprintf("%v is nothing that bson can encode: %v", typ, err)}
	}
	for _, name := range []string{keyField, revisionField} {
		if _, ok := field(fields, name); !ok {
			return []string{fmt.Sprintf("%v: core.User is not tagged `bson:\",inline\"`, and would be a document within the document", typ)}
		}
	}
	for _, name := range []string{microsField, claimsField} {
		if _, ok := field(fields, name); ok {
			return []string{fmt.Sprintf("%v has a field %q, which the store needs", typ, name)}
		}
	}
	return nil
}
