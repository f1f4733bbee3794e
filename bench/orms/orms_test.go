package orms

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/XSAM/otelsql"
	"github.com/jmoiron/sqlx"
	gormsqlite "github.com/libtnb/sqlite"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/mysqldialect"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	"github.com/uptrace/bun/schema"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	gormmysql "gorm.io/driver/mysql"
	gormpostgres "gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/logger"

	"github.com/redfire-quant/redfire"
	"github.com/redfire-quant/redfire/bench/orms/sqlcgen"
	"github.com/redfire-quant/redfire/internal/servers"
	"github.com/redfire-quant/redfire/sqlpool"
)

func TestMain(m *testing.M) { os.Exit(servers.Run(m)) }

// sources are a database of each kind, empty but for what other tests made.
func sources(t *testing.T) map[string]sqlpool.Source {
	of := func(s *servers.Server, database string) sqlpool.Source {
		return sqlpool.Source{URL: s.URL() + "/" + database, Password: func(context.Context) (string, error) { return s.Password, nil }}
	}
	all := map[string]sqlpool.Source{"SQLite": {URL: "sqlite:" + filepath.Join(t.TempDir(), "orms.db")}}
	all["PostgreSQL"] = of(servers.PostgreSQL(t), "postgres")
	for name, server := range map[string]*servers.Server{"MariaDB": servers.MariaDB(t), "MySQL": servers.MySQL(t)} {
		inPool(t, of(server, "mysql"), nil, func(p *sqlpool.Pool) {
			if _, err := p.DB().ExecContext(t.Context(), "CREATE DATABASE IF NOT EXISTS orms CHARACTER SET utf8mb4"); err != nil {
				t.Fatal(err)
			}
		})
		all[name] = of(server, "orms")
	}
	return all
}

// inPool runs f with a pool of source.
func inPool(t *testing.T, source sqlpool.Source, opts *sqlpool.Options, f func(*sqlpool.Pool)) {
	t.Helper()
	source.Name = "main"
	pools, err := sqlpool.New([]sqlpool.Source{source}, redfire.OpenSQL, opts)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := pools.Close(); err != nil {
			t.Error(err)
		}
	}()
	pool, err := pools.Pool("main")
	if err != nil {
		t.Fatal(err)
	}
	f(pool)
}

// overEach runs f with a pool of each kind, and an empty table account.
func overEach(t *testing.T, opts *sqlpool.Options, f func(*testing.T, *sqlpool.Pool)) {
	t.Helper()
	for kind, source := range sources(t) {
		t.Run(kind, func(t *testing.T) {
			inPool(t, source, opts, func(pool *sqlpool.Pool) {
				for _, statement := range []string{
					"DROP TABLE IF EXISTS account",
					"CREATE TABLE account (id INTEGER PRIMARY KEY, name VARCHAR(100) NOT NULL, cash DOUBLE PRECISION NOT NULL)",
				} {
					if _, err := pool.DB().ExecContext(t.Context(), statement); err != nil {
						t.Fatal(err)
					}
				}
				f(t, pool)
				if used := pool.Stats().InUse; used != 0 {
					t.Errorf("%d connections are in use afterwards", used)
				}
			})
		})
	}
}

// An Account is a row, as sqlx, bun and gorm have it.
type Account struct {
	bun.BaseModel `bun:"table:account" gorm:"-"`

	ID   int64   `db:"id" bun:"id,pk" gorm:"primaryKey;autoIncrement:false"`
	Name string  `db:"name" bun:"name"`
	Cash float64 `db:"cash" bun:"cash"`
}

// TableName is what gorm asks for.
func (Account) TableName() string { return "account" }

const name = "主账户 🔥"

func want(t *testing.T, got Account) {
	t.Helper()
	if got.ID != 1 || got.Name != name || got.Cash != 1.5 {
		t.Errorf("got %+v", got)
	}
}

func TestSqlx(t *testing.T) {
	overEach(t, nil, func(t *testing.T, p *sqlpool.Pool) {
		driverName := map[sqlpool.Dialect]string{sqlpool.MySQL: "mysql", sqlpool.PostgreSQL: "pgx", sqlpool.SQLite: "sqlite3"}[p.Dialect()]
		db := sqlx.NewDb(p.DB(), driverName)
		if _, err := db.NamedExecContext(t.Context(), "INSERT INTO account (id, name, cash) VALUES (:id, :name, :cash)", Account{ID: 1, Name: name, Cash: 1.5}); err != nil {
			t.Fatal(err)
		}
		var all []Account
		if err := db.SelectContext(t.Context(), &all, db.Rebind("SELECT id, name, cash FROM account WHERE id = ?"), 1); err != nil || len(all) != 1 {
			t.Fatalf("got %v, %v", all, err)
		}
		want(t, all[0])
		tx, err := db.BeginTxx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		var one Account
		if err := errors.Join(tx.GetContext(t.Context(), &one, "SELECT id, name, cash FROM account"), tx.Commit()); err != nil {
			t.Fatal(err)
		}
		want(t, one)
	})
}

func TestBun(t *testing.T) {
	overEach(t, nil, func(t *testing.T, p *sqlpool.Pool) {
		dialect := map[sqlpool.Dialect]schema.Dialect{sqlpool.MySQL: mysqldialect.New(), sqlpool.PostgreSQL: pgdialect.New(), sqlpool.SQLite: sqlitedialect.New()}[p.Dialect()]
		db := bun.NewDB(p.DB(), dialect)
		if _, err := db.NewInsert().Model(&Account{ID: 1, Name: name, Cash: 1.5}).Exec(t.Context()); err != nil {
			t.Fatal(err)
		}
		var one Account
		if err := db.NewSelect().Model(&one).Where("id = ?", 1).Scan(t.Context()); err != nil {
			t.Fatal(err)
		}
		want(t, one)
		mine := errors.New("mine")
		err := db.RunInTx(t.Context(), nil, func(ctx context.Context, tx bun.Tx) error {
			if _, err := tx.NewDelete().Model(&one).WherePK().Exec(ctx); err != nil {
				return err
			}
			return mine
		})
		if !errors.Is(err, mine) {
			t.Errorf("got %v, want mine", err)
		}
		if n, err := db.NewSelect().Model((*Account)(nil)).Count(t.Context()); err != nil || n != 1 {
			t.Errorf("after a rollback: %d rows, %v", n, err)
		}
	})
}

func TestGorm(t *testing.T) {
	overEach(t, nil, func(t *testing.T, p *sqlpool.Pool) {
		dialector := map[sqlpool.Dialect]gorm.Dialector{
			sqlpool.MySQL:      gormmysql.New(gormmysql.Config{Conn: p.DB()}),
			sqlpool.PostgreSQL: gormpostgres.New(gormpostgres.Config{Conn: p.DB()}),
			sqlpool.SQLite:     gormsqlite.Dialector{Conn: p.DB()},
		}[p.Dialect()]
		for _, prepared := range []bool{false, true} {
			db, err := gorm.Open(dialector, &gorm.Config{PrepareStmt: prepared, Logger: logger.Discard, TranslateError: true})
			if err != nil {
				t.Fatal(err)
			}
			db = db.WithContext(t.Context())
			if err := db.Clauses(clause.OnConflict{UpdateAll: true}).Create(&Account{ID: 1, Name: name, Cash: 1.5}).Error; err != nil {
				t.Fatal(err)
			}
			if err := db.Create(&Account{ID: 1, Name: name}).Error; !errors.Is(err, gorm.ErrDuplicatedKey) && p.Dialect() != sqlpool.SQLite {
				t.Errorf("a second row of one key: got %v, want gorm's own error, which it makes of the driver's", err)
			}
			var one Account
			if err := db.First(&one, 1).Error; err != nil {
				t.Fatal(err)
			}
			want(t, one)
			// A transaction in a transaction is a savepoint.
			err = db.Transaction(func(tx *gorm.DB) error {
				_ = tx.Transaction(func(inner *gorm.DB) error { // it is to fail
					return errors.Join(inner.Delete(&Account{ID: 1}).Error, errors.New("mine"))
				})
				return tx.Model(&one).Update("cash", 1.5).Error
			})
			if err != nil {
				t.Error(err)
			}
			var rows int64
			if err := db.Model(&Account{}).Count(&rows).Error; err != nil || rows != 1 {
				t.Errorf("%d rows, %v", rows, err)
			}
		}
	})
}

// TestSqlc is over PostgreSQL and SQLite, both of which take $1.
func TestSqlc(t *testing.T) {
	overEach(t, nil, func(t *testing.T, p *sqlpool.Pool) {
		if p.Dialect() == sqlpool.MySQL {
			return // its code is another, of the same kind
		}
		_, err := p.InTx(t.Context(), nil, func(tx *sql.Tx) error {
			return sqlcgen.New(p.DB()).WithTx(tx).AddAccount(t.Context(), sqlcgen.AddAccountParams{ID: 1, Name: name, Cash: 1.5})
		})
		if err != nil {
			t.Fatal(err)
		}
		one, err := sqlcgen.New(p.DB()).Account(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		want(t, Account{ID: int64(one.ID), Name: one.Name, Cash: one.Cash})
		prepared, err := sqlcgen.New(p.DB()).Accounts(t.Context())
		if err != nil || len(prepared) != 1 {
			t.Errorf("got %v, %v", prepared, err)
		}
	})
}

func TestTracesStandBetween(t *testing.T) {
	spans := tracetest.NewSpanRecorder()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans))
	opts := &sqlpool.Options{OpenDB: func(c driver.Connector) *sql.DB {
		return otelsql.OpenDB(c, otelsql.WithTracerProvider(provider), otelsql.WithSpanOptions(otelsql.SpanOptions{DisableQuery: true}))
	}}
	overEach(t, opts, func(t *testing.T, p *sqlpool.Pool) {
		spans.Reset()
		ctx, parent := provider.Tracer("test").Start(t.Context(), "parent")
		if _, err := p.DB().ExecContext(ctx, "INSERT INTO account (id, name, cash) VALUES (1, 'secret', 1.5)"); err != nil {
			t.Fatal(err)
		}
		parent.End()
		found := false
		for _, span := range spans.Ended() {
			found = found || span.Name() == "sql.conn.exec" && span.Parent().SpanID() == parent.SpanContext().SpanID()
			for _, a := range span.Attributes() {
				if strings.Contains(a.Value.String(), "secret") {
					t.Errorf("span %s tells %s", span.Name(), a.Key)
				}
			}
		}
		if !found {
			t.Errorf("no span of the statement among %d", len(spans.Ended()))
		}
		c, err := p.DB().Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(sqlpool.Raw(c, func(any) error { return nil }), c.Close()); err != nil {
			t.Error(err)
		}
	})
}
