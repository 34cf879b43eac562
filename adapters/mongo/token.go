package mongostore

import (
	"net/url"
	"time"

	"github.com/gousher/usher/ports"
	"go.mongodb.org/mongo-driver/v2/bson"
)

// The fields of a token that are asked for.
const (
	userField    = "user_id"
	purposeField = "purpose"
	digestField  = "digest"
	familyField  = "family"
	epochField   = "epoch"
	createdField = "created"
	expiresField = "expires"
	// endField is the date of expires, rounded up to the millisecond, for the
	// index that removes what has expired.
	endField = "expires_at"
)

// token is what is kept of a token. Times are microseconds since 1970.
type token struct {
	Key       string        `bson:"_id"`
	Purpose   string        `bson:"purpose"`
	Digest    string        `bson:"digest"`
	UserID    bson.RawValue `bson:"user_id"`
	Family    string        `bson:"family"`
	Epoch     int64         `bson:"epoch"`
	Created   int64         `bson:"created"`
	Expires   *int64        `bson:"expires,omitempty"` // absent means never
	ExpiresAt *time.Time    `bson:"expires_at,omitempty"`
	Data      []byte        `bson:"data,omitempty"`
}

// keyOf is the _id of a token. No two of them are the same, as a purpose that is
// escaped has no colon.
func keyOf(purpose, digest string) string { return url.QueryEscape(purpose) + ":" + digest }

// isKey reports whether there can be a token of that purpose and digest.
func isKey(purpose, digest string) bool {
	return purpose != "" && digest != "" && storable(purpose, digest)
}

// documentOf returns what is kept of t.
func (s *store) documentOf(t ports.Token) bson.D {
	doc := bson.D{
		{Key: idField, Value: keyOf(t.Purpose, t.Digest)},
		{Key: purposeField, Value: t.Purpose}, {Key: digestField, Value: t.Digest},
		{Key: userField, Value: s.ids.value(t.UserID)}, {Key: familyField, Value: t.Family}, {Key: epochField, Value: t.Epoch},
		{Key: createdField, Value: t.CreatedAt.UnixMicro()},
	}
	if !t.ExpiresAt.IsZero() {
		doc = append(doc, endsAt(t.ExpiresAt)...)
	}
	if len(t.Data) > 0 {
		doc = append(doc, bson.E{Key: "data", Value: t.Data})
	}
	return doc
}

// endsAt are the fields of an expiry.
func endsAt(at time.Time) bson.D {
	return bson.D{{Key: expiresField, Value: at.UnixMicro()}, {Key: endField, Value: roundedUp(at)}}
}

func roundedUp(at time.Time) bson.DateTime {
	return bson.DateTime(at.Add(time.Millisecond - time.Nanosecond).UnixMilli())
}

// read returns the token that a document keeps.
func (s *store) read(doc bson.Raw) (ports.Token, error) {
	var kept token
	if err := bson.Unmarshal(doc, &kept); err != nil {
		return ports.Token{}, err
	}
	id, err := s.ids.text(kept.UserID)
	if err != nil {
		return ports.Token{}, err
	}
	t := ports.Token{
		Purpose: kept.Purpose, Digest: kept.Digest, UserID: id, Family: kept.Family, Epoch: kept.Epoch,
		CreatedAt: time.UnixMicro(kept.Created).UTC(), Data: kept.Data,
	}
	if kept.Expires != nil {
		t.ExpiresAt = time.UnixMicro(*kept.Expires).UTC()
	}
	return t, nil
}
