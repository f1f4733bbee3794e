package sqlpool

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/redfire-quant/redfire/fault"
)

// TxOptions tune a transaction. The zero value is ready to use.
type TxOptions struct {
	// Isolation is how far it is kept apart from others; the zero value is the
	// database's default.
	Isolation sql.IsolationLevel

	// ReadOnly has the database refuse writes in it.
	ReadOnly bool

	// Key names what the transaction does, so that it is applied once however
	// often it is asked for: "order 4711 filled". The key is stored in a table of
	// the same database, redfire_keys, in the same transaction, and kept for a
	// week. With a key, a transaction whose commit was cut off is repeated by
	// itself: either it had been committed, or it is now. At most 190 characters.
	Key string

	// Attempts is how often it is run at most; 0 means 5.
	Attempts int
}

// A Token tells of a transaction that was committed.
type Token struct {
	// Attempts is how often it was run.
	Attempts int

	// Repeated tells that an earlier transaction with the same key had been
	// committed: this one changed nothing.
	Repeated bool
}

// Between attempts.
const (
	firstRepeat = 5 * time.Millisecond
	longRepeat  = 500 * time.Millisecond
)

// An attempt is one run of a transaction.
type attempt struct {
	sent bool // its commit was given to the server
}

// InTx runs f in a transaction, and commits it if f returns nil. If f returns an
// error or panics, the transaction is rolled back.
//
// Where the database rolled it back for the sake of others, by a deadlock or
// since it could not be in one line with others, InTx runs f again: f must do
// nothing that cannot be done twice, except by its tx.
//
// Errors are those of f and of the database, with a kind as by [Pool.Classify].
// If the connection was lost during the commit, or ctx ended then, nobody knows
// whether it took place: the error is [fault.Unknown], unless opts has a key. A
// nil opts is the same as a pointer to the zero TxOptions.
func (p *Pool) InTx(ctx context.Context, opts *TxOptions, f func(*sql.Tx) error) (Token, error) {
	var o TxOptions
	if opts != nil {
		o = *opts
	}
	token, err := p.inTx(ctx, o, f)
	if err != nil {
		if fault.KindOf(err) == fault.Unknown {
			p.counts.uncertain.Add(1)
		}
		return token, fmt.Errorf("sqlpool: transaction on %s: %w", p.source.Name, err)
	}
	return token, nil
}

func (p *Pool) inTx(ctx context.Context, o TxOptions, f func(*sql.Tx) error) (Token, error) {
	if err := p.prepareKey(ctx, o); err != nil {
		return Token{}, err
	}
	pace := backoff.NewExponentialBackOff()
	pace.InitialInterval, pace.MaxInterval = firstRepeat, longRepeat
	most := cmp.Or(o.Attempts, 5)
	var token Token
	var unsure error // of an earlier attempt, which may have been committed
	for {
		token.Attempts++
		var run attempt
		repeated, err := p.once(ctx, &run, o, f)
		if err == nil {
			token.Repeated = repeated
			return token, nil
		}
		if !run.sent && ctx.Err() != nil && errors.Is(err, sql.ErrTxDone) {
			// The DB has rolled back since ctx ended, just before f or the commit.
			err = fmt.Errorf("%w: %w", ctx.Err(), err)
		}
		err = p.outcome(&run, err)
		uncertain := fault.KindOf(err) == fault.Unknown
		if uncertain && run.sent {
			unsure = err
		}
		again := p.engine.Classify(err).repeatable() && !uncertain || o.Key != "" && (uncertain || unsure != nil && mayPass(err))
		if !again || token.Attempts >= most || ctx.Err() != nil {
			return token, cmp.Or(unsure, err)
		}
		p.counts.repeated.Add(1)
		pause(ctx, pace.NextBackOff())
		if ctx.Err() != nil {
			return token, cmp.Or(unsure, errors.Join(err, ctx.Err()))
		}
	}
}

// mayPass reports whether what failed with err may succeed when it is repeated.
func mayPass(err error) bool {
	switch fault.KindOf(err) {
	case fault.Unavailable, fault.Exhausted, fault.Unknown:
		return true
	}
	return false
}

// outcome gives the error of an attempt its kind.
func (p *Pool) outcome(run *attempt, err error) error {
	class := p.engine.Classify(err)
	if run.sent && (ended(err) || class == LostAfter || class == Interrupted || errors.Is(err, sql.ErrConnDone)) {
		return fault.SQLUncertain.Errorf("the connection was lost while the transaction was being committed: %w", err)
	}
	if class == LostAfter || class == LostBefore {
		// What was sent was part of a transaction that was not committed.
		return fault.SQLUnreachable.Errorf("the connection was lost, and the transaction with it: %w", err)
	}
	return p.Classify(err)
}

// once runs the transaction once. repeated tells that its key was there.
func (p *Pool) once(ctx context.Context, run *attempt, o TxOptions, f func(*sql.Tx) error) (repeated bool, err error) {
	about := tag{attempt: run}
	if t := tagOf(ctx); t != nil {
		about.label = t.label
	}
	ctx = context.WithValue(ctx, tagKey{}, &about)
	tx, err := p.db.BeginTx(ctx, &sql.TxOptions{Isolation: o.Isolation, ReadOnly: o.ReadOnly})
	if err != nil {
		return false, err
	}
	done := false
	defer func() {
		if done {
			return
		}
		// f has failed, or panics, or has left the goroutine. That it cannot be
		// rolled back either is no news: the connection is closed then.
		if undo := tx.Rollback(); undo != nil && !errors.Is(undo, sql.ErrTxDone) {
			p.log.Debug("a transaction could not be rolled back in order", "error", undo)
		}
	}()
	if o.Key != "" {
		if repeated, err = p.keys.put(ctx, p, tx, o.Key); err != nil || repeated {
			return repeated, err
		}
	}
	if err := f(tx); err != nil {
		return false, err
	}
	done = true
	return false, tx.Commit()
}
