package mongostore

import (
	"encoding/hex"
	"fmt"

	"github.com/gousher/usher/core"
	"go.mongodb.org/mongo-driver/v2/bson"
)

// IDs is how the ids of users are kept, as _id. The zero value is [UUIDs].
type IDs int

const (
	// UUIDs are those of core.UUIDs, kept as BSON binaries of subtype 4.
	UUIDs IDs = iota
	// TextIDs are those of core.TextIDs, kept as strings.
	TextIDs
	// ObjectIDs are 24 hexadecimal digits, in lower case where they are
	// returned, and kept as BSON ObjectIDs.
	ObjectIDs
)

// idDigits is the length of an ObjectID in hexadecimal.
const idDigits = 24

// make returns a new id.
func (k IDs) make() string {
	if k == ObjectIDs {
		return bson.NewObjectID().Hex()
	}
	return core.UUIDs.New()
}

// parse returns id as the store spells it, or "" and false for what cannot be
// one.
func (k IDs) parse(id string) (string, bool) {
	switch k {
	case TextIDs:
		return core.TextIDs.Parse(id)
	case ObjectIDs:
		if len(id) != idDigits {
			return "", false
		}
		oid, err := bson.ObjectIDFromHex(id)
		if err != nil {
			return "", false
		}
		return oid.Hex(), true
	default:
		return core.UUIDs.Parse(id)
	}
}

// value returns what is kept of an id that parse returned.
func (k IDs) value(id string) any {
	switch k {
	case TextIDs:
		return id
	case ObjectIDs:
		oid, _ := bson.ObjectIDFromHex(id) // which it is
		return oid
	default:
		return bson.Binary{Subtype: bson.TypeBinaryUUID, Data: uuidBytes(id)}
	}
}

// uuidBytes returns the bytes of a UUID as core spells it.
func uuidBytes(id string) []byte {
	digits := make([]byte, 0, 32)
	for _, c := range []byte(id) {
		if c != '-' {
			digits = append(digits, c)
		}
	}
	b, _ := hex.DecodeString(string(digits)) // which it is
	return b
}

// text returns the id that v keeps.
func (k IDs) text(v bson.RawValue) (string, error) {
	switch k {
	case TextIDs:
		if id, ok := v.StringValueOK(); ok {
			return id, nil
		}
	case ObjectIDs:
		if id, ok := v.ObjectIDOK(); ok {
			return id.Hex(), nil
		}
	default:
		if subtype, data, ok := v.BinaryOK(); ok && subtype == bson.TypeBinaryUUID {
			if id, ok := core.UUIDs.Parse(hex.EncodeToString(data)); ok {
				return id, nil
			}
		}
	}
	return "", fmt.Errorf("an id that is kept as BSON %v, which Config.IDs does not say", v.Type)
}
