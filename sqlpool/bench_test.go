package sqlpool

import (
	"database/sql"
	"database/sql/driver"
	"testing"
)

// plain is a fake as database/sql uses it without a pool of ours.
type plain struct{ *fake }

func (plain) Driver() driver.Driver { return noDriver{} }

// BenchmarkCheckout is what taking a connection and giving it back costs: ours,
// and database/sql's alone.
func BenchmarkCheckout(b *testing.B) {
	run := func(b *testing.B, db *sql.DB) {
		b.ReportAllocs()
		for b.Loop() {
			c, err := db.Conn(b.Context())
			if err != nil {
				b.Fatal(err)
			}
			if err := c.Close(); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.Run("untouched", func(b *testing.B) {
		db := sql.OpenDB(plain{newFake()})
		defer db.Close()
		run(b, db)
	})
	b.Run("ours", func(b *testing.B) {
		pools, err := New([]Source{{Name: "main", URL: "fake:"}}, func(Source) (Engine, error) { return newFake(), nil }, nil)
		if err != nil {
			b.Fatal(err)
		}
		defer pools.Close()
		p, err := pools.Pool("main")
		if err != nil {
			b.Fatal(err)
		}
		if err := p.Ping(b.Context()); err != nil {
			b.Fatal(err)
		}
		run(b, p.DB())
	})
}
