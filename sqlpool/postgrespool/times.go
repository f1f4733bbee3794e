package postgrespool

import (
	"time"

	"github.com/jackc/pgx/v5/pgtype"
)

// useUTC has times be in UTC. By itself pgx gives a timestamptz in the time zone
// of the process, and writes into a timestamp what the clock says in whatever
// zone a time has, so that it is another time when it is read back.
func useUTC(m *pgtype.Map) {
	zoned := &pgtype.Type{
		Name: "timestamptz", OID: pgtype.TimestamptzOID, Codec: &pgtype.TimestamptzCodec{ScanLocation: time.UTC},
	}
	plain := &pgtype.Type{Name: "timestamp", OID: pgtype.TimestampOID, Codec: utcCodec{&pgtype.TimestampCodec{}}}
	for _, t := range []*pgtype.Type{
		zoned, plain,
		{Name: "_timestamptz", OID: pgtype.TimestamptzArrayOID, Codec: &pgtype.ArrayCodec{ElementType: zoned}},
		{Name: "_timestamp", OID: pgtype.TimestampArrayOID, Codec: &pgtype.ArrayCodec{ElementType: plain}},
	} {
		m.RegisterType(t)
	}
}

// A utcCodec is that of timestamp, which has no time zone, and writes the time
// that it is in UTC.
type utcCodec struct{ *pgtype.TimestampCodec }

// PlanEncode implements [pgtype.Codec].
func (c utcCodec) PlanEncode(m *pgtype.Map, oid uint32, format int16, value any) pgtype.EncodePlan {
	plan := c.TimestampCodec.PlanEncode(m, oid, format, value)
	if plan == nil {
		return nil
	}
	return utcPlan{plan}
}

type utcPlan struct{ pgtype.EncodePlan }

// Encode implements [pgtype.EncodePlan].
func (p utcPlan) Encode(value any, buf []byte) ([]byte, error) {
	//nolint:forcetypeassert // the codec makes plans for nothing else
	t, err := value.(pgtype.TimestampValuer).TimestampValue()
	if err != nil {
		return nil, err
	}
	t.Time = t.Time.UTC()
	return p.EncodePlan.Encode(t, buf)
}
