package mysqlpool

import (
	"database/sql"
	"testing"
	"time"
)

// BenchmarkSelect reads one row by its key, through database/sql, one connection.
func BenchmarkSelect(b *testing.B) {
	for _, system := range systems {
		s := system.start(b)
		source := database(b, s, "bench")
		db := open(b, source)
		exec(b, db, "CREATE TABLE x (id INT PRIMARY KEY, name VARCHAR(20), price DECIMAL(20,8), at DATETIME(6))")
		exec(b, db, "INSERT INTO x VALUES (1, 'one', 1.5, '2026-01-05 01:02:03')")
		for name, db := range map[string]*sql.DB{"ours": one(b, source), "driver": plain(b, s, "bench")} {
			b.Run(system.name+"/"+name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					var name, price string
					var at time.Time
					row := db.QueryRowContext(b.Context(), "SELECT name, price, at FROM x WHERE id = ?", 1)
					if err := row.Scan(&name, &price, &at); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkConnect makes connections.
func BenchmarkConnect(b *testing.B) {
	for _, system := range systems {
		e := newEngine(b, sourceOf(system.start(b), ""))
		b.Run(system.name, func(b *testing.B) {
			for b.Loop() {
				c, err := e.Connect(b.Context())
				if err != nil {
					b.Fatal(err)
				}
				if err := c.Close(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkInspect asks what the server is.
func BenchmarkInspect(b *testing.B) {
	for _, system := range systems {
		e := newEngine(b, sourceOf(system.start(b), ""))
		c := connect(b, e)
		b.Run(system.name, func(b *testing.B) {
			for b.Loop() {
				if _, err := e.Inspect(b.Context(), c); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
