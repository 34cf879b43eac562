package mongostore

import (
	"encoding/binary"
	"fmt"
	"reflect"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// registry encodes times to the microsecond: as a DB pointer, of which the
// driver makes a type of BSON that is used for nothing else any more. They
// never leave this file.
var registry = func() *bson.Registry {
	r := bson.NewRegistry()
	r.RegisterTypeEncoder(reflect.TypeFor[time.Time](), bson.ValueEncoderFunc(encodeTime))
	r.RegisterTypeDecoder(reflect.TypeFor[time.Time](), bson.ValueDecoderFunc(decodeTime))
	return r
}()

const exactly = "usher.time"

func encodeTime(_ bson.EncodeContext, w bson.ValueWriter, v reflect.Value) error {
	var oid bson.ObjectID
	binary.BigEndian.PutUint64(oid[:], uint64(v.Interface().(time.Time).UnixMicro()))
	return w.WriteDBPointer(exactly, oid)
}

func decodeTime(_ bson.DecodeContext, r bson.ValueReader, v reflect.Value) error {
	var at time.Time
	switch r.Type() {
	case bson.TypeDBPointer:
		_, oid, err := r.ReadDBPointer()
		if err != nil {
			return err
		}
		at = time.UnixMicro(int64(binary.BigEndian.Uint64(oid[:]))).UTC()
	case bson.TypeDateTime:
		ms, err := r.ReadDateTime()
		if err != nil {
			return err
		}
		at = time.UnixMilli(ms).UTC()
	case bson.TypeNull:
		if err := r.ReadNull(); err != nil {
			return err
		}
	default:
		return fmt.Errorf("a time that is kept as BSON %v", r.Type())
	}
	v.Set(reflect.ValueOf(at))
	return nil
}

// pointer returns the BSON of what encodeTime writes.
func pointer(micros int64) []byte {
	out := binary.LittleEndian.AppendUint32(nil, uint32(len(exactly)+1))
	out = append(append(out, exactly...), 0)
	out = binary.BigEndian.AppendUint64(out, uint64(micros))
	return append(out, 0, 0, 0, 0)
}
