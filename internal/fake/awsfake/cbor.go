package awsfake

import (
	"encoding/json"
	"time"

	"github.com/aws/smithy-go/encoding/cbor"
)

// cborProtocol is Smithy's RPC v2, in which CloudWatch speaks to today's SDKs.
var cborProtocol = protocol{
	contentType: "application/cbor",
	refusals:    typedRefusals,
	write: func(_ string, out any) ([]byte, error) {
		return cbor.Encode(out.(interface{ cbor() cbor.Value }).cbor()), nil
	},
	writeFault: func(f fault) []byte {
		return cbor.Encode(cbor.Map{"__type": cbor.String(f.code), "message": cbor.String(f.message)})
	},
}

func cborInput(body []byte) (input, error) {
	value, err := cbor.Decode(body)
	if err != nil {
		return nil, err
	}
	return json.Marshal(plain(value))
}

// plain is what JSON can write of a value; a time becomes its seconds.
func plain(v cbor.Value) any {
	switch v := v.(type) {
	case cbor.Map:
		object := map[string]any{}
		for name, member := range v {
			object[name] = plain(member)
		}
		return object
	case cbor.List:
		list := []any{}
		for _, member := range v {
			list = append(list, plain(member))
		}
		return list
	case *cbor.Tag:
		return plain(v.Value)
	case cbor.NegInt:
		return -int64(v)
	}
	return v // a number, a string, a truth value
}

// cborTime is seconds since 1970 under tag 1.
func cborTime(t time.Time) cbor.Value {
	const epoch = 1
	return &cbor.Tag{ID: epoch, Value: cbor.Float64(float64(t.UnixMilli()) / 1000)}
}
