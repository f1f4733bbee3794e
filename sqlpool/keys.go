package sqlpool

import (
	"context"
	"database/sql"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/redfire-quant/redfire/fault"
)

// Of the keys of transactions.
const (
	// maxKey is how many characters a key may have: with four bytes to each, as
	// many as an index of MySQL takes.
	maxKey = 190

	// purgeEvery is how often keys are deleted that are a week old by the server's
	// clock, a thousand at a time, for purgeTime at most. The first time is when a
	// pool first has a key: a program may run for a minute a day.
	purgeEvery = 10 * time.Minute
	purgeTime  = 5 * time.Second
	purgeBatch = 1000
)

// keyTable is the table of keys of a pool's database.
type keyTable struct {
	mu     sync.Mutex // guards the fields below
	made   bool
	purged time.Duration // when it was last purged, by the pool's clock; 0 if it was not
}

// A keySQL is what is said to one kind of database about keys.
type keySQL struct {
	create     []string
	put, purge string
}

var keySQLs = map[Dialect]keySQL{
	MySQL: {
		create: []string{`CREATE TABLE IF NOT EXISTS redfire_keys (
			id VARBINARY(760) NOT NULL PRIMARY KEY,
			at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6), KEY redfire_keys_at (at)) ENGINE=InnoDB`},
		put:   `INSERT INTO redfire_keys (id) VALUES (?)`,
		purge: `DELETE FROM redfire_keys WHERE at < NOW(6) - INTERVAL 7 DAY ORDER BY at LIMIT 1000`,
	},
	PostgreSQL: {
		create: []string{
			`CREATE TABLE IF NOT EXISTS redfire_keys (id TEXT PRIMARY KEY, at TIMESTAMPTZ NOT NULL DEFAULT now())`,
			`CREATE INDEX IF NOT EXISTS redfire_keys_at ON redfire_keys (at)`,
		},
		put:   `INSERT INTO redfire_keys (id) VALUES ($1)`,
		purge: `DELETE FROM redfire_keys WHERE id IN (SELECT id FROM redfire_keys WHERE at < now() - INTERVAL '7 days' ORDER BY at LIMIT 1000 FOR UPDATE SKIP LOCKED)`,
	},
	SQLite: {
		create: []string{
			`CREATE TABLE IF NOT EXISTS redfire_keys (id TEXT PRIMARY KEY, at INTEGER NOT NULL DEFAULT (unixepoch())) WITHOUT ROWID`,
			`CREATE INDEX IF NOT EXISTS redfire_keys_at ON redfire_keys (at)`,
		},
		put:   `INSERT INTO redfire_keys (id) VALUES (?)`,
		purge: `DELETE FROM redfire_keys WHERE id IN (SELECT id FROM redfire_keys WHERE at < unixepoch() - 604800 ORDER BY at LIMIT 1000)`,
	},
}

// prepareKey checks the key of a transaction, and makes the table for it.
func (p *Pool) prepareKey(ctx context.Context, o TxOptions) error {
	if o.Key == "" {
		return nil
	}
	if o.ReadOnly {
		return fault.SQLSource.Errorf("a transaction that only reads needs no key")
	}
	if !utf8.ValidString(o.Key) || utf8.RuneCountInString(o.Key) > maxKey {
		return fault.SQLSource.Errorf("the key has to be UTF-8 of at most %d characters", maxKey)
	}
	return p.keys.make(ctx, p)
}

// make makes the table, if that was not done yet.
func (k *keyTable) make(ctx context.Context, p *Pool) error {
	k.mu.Lock()
	made := k.made
	k.mu.Unlock()
	if made {
		return nil
	}
	var err error
	for _, create := range keySQLs[p.engine.Dialect()].create {
		if err == nil {
			_, err = p.db.ExecContext(ctx, create)
		}
	}
	if err != nil && ctx.Err() == nil {
		// With PostgreSQL another session may make it at this moment, and who may not
		// make tables may have been given this one.
		if _, missing := p.db.ExecContext(ctx, "SELECT id FROM redfire_keys LIMIT 0"); missing == nil {
			err = nil
		}
	}
	if err != nil {
		return p.Classify(err)
	}
	k.mu.Lock()
	k.made = true
	k.mu.Unlock()
	return nil
}

// put stores a key in tx, and reports whether it was there. It waits for another
// transaction that has just put the same one.
func (k *keyTable) put(ctx context.Context, p *Pool, tx *sql.Tx, key string) (repeated bool, err error) {
	_, err = tx.ExecContext(ctx, keySQLs[p.engine.Dialect()].put, key)
	switch p.engine.Classify(err) {
	case UniqueViolation:
		return true, nil
	case NoObject:
		k.mu.Lock()
		k.made = false // somebody has dropped it
		k.mu.Unlock()
	}
	return false, err
}

// purgeKeys deletes old keys, if the pool has any and it is time.
func (p *Pool) purgeKeys(ctx context.Context) {
	now := p.now()
	p.keys.mu.Lock()
	due := p.keys.made && (p.keys.purged == 0 || now-p.keys.purged > purgeEvery)
	if due {
		p.keys.purged = now
	}
	p.keys.mu.Unlock()
	if !due {
		return
	}
	p.tasks.Go(func() {
		ctx, cancel := context.WithTimeout(WithLabel(ctx, "redfire keys"), purgeTime)
		defer cancel()
		for deleted := int64(purgeBatch); deleted == purgeBatch; {
			result, err := p.db.ExecContext(ctx, keySQLs[p.engine.Dialect()].purge)
			if err == nil {
				deleted, err = result.RowsAffected()
			}
			if err != nil {
				p.log.Warn("old keys of transactions could not be deleted", "error", err)
				return
			}
		}
	})
}
