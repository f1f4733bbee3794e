package series

import (
	"context"
	"iter"
	"time"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
)

// An Engine keeps series. What it is given is valid and in order: the caller
// has seen to that, so an engine need not check it again. Methods may be called
// concurrently.
//
// A method that fails returns an error of one of the kinds of package fault. If
// its context ended before anything was given to commit, that is the context's
// error alone. After that the work goes on, and the error is [fault.Unknown]
// and the context's error at once. A call that fails otherwise kept nothing; if
// it kept some of its frames, or may have, its error is fault.Unknown. No frame
// is kept in part where the engine promises whole frames. The same call may be
// repeated.
//
// The caller of an iterator may call the engine while it is at a step.
//
// Package seriestest checks that an implementation keeps this contract.
type Engine interface {
	// Write keeps the rows and attributes of frames, in their order. A row
	// replaces the whole row that had its place, extra columns too. Together the
	// frames have at most [MaxRows] rows and [MaxBytes] of values. Where the
	// engine promises whole frames, nobody sees a part of one. The frames are the
	// caller's again when Write returns, and are not changed.
	Write(ctx context.Context, frames []Frame) error

	// Replace exchanges the rows of f.Key in r for those of f, all of which lie
	// in r, and keeps f's attributes as Write does. Nobody sees half of it where
	// the engine promises that, though f may be larger than the frames of Write.
	Replace(ctx context.Context, r market.Range, f Frame) error

	// Read yields the rows that q asks for: key by key in the order of q.Keys,
	// each key's in ascending order or, reversed, in descending order. A frame
	// has rows of one key, at least one, and is valid until the next step; it
	// must not be changed; it tells no attributes. A key without rows yields
	// nothing. A read sees every write that returned before its iteration began;
	// of two keys it may see two moments. After yielding an error it stops.
	Read(ctx context.Context, q Query) iter.Seq2[*Frame, error]

	// Fold yields what [Store] would make of the rows by windows, bit for bit.
	// An engine that cannot yields [errors.ErrUnsupported] before anything else,
	// and the store folds what Read yields; it may do so after Close too.
	Fold(ctx context.Context, q FoldQuery) iter.Seq2[*Frame, error]

	// Delete removes the rows of k in r. If r is open at both ends it removes
	// the attributes and the types of extra columns too. To delete what is not
	// there is no error.
	Delete(ctx context.Context, k Key, r market.Range) error

	// Overview yields one line for each series that has rows or attributes and
	// that f lets through, in the order of [Key.Compare].
	Overview(ctx context.Context, f Filter) iter.Seq2[Overview, error]

	// Changes yields what was written, replaced and deleted after the sequence
	// number since, in the order in which it was accepted. Several changes of one
	// key may be told as one, with the last number and a range that covers all;
	// what changed nothing may be told too. A since that is older than what is
	// known, or newer than the last number, is a [Forgotten]: the caller reads
	// everything again. Numbers go on where an engine is opened again. One that
	// keeps no record yields [errors.ErrUnsupported], and the store keeps a
	// bounded one of its own writes.
	Changes(ctx context.Context, since uint64) iter.Seq2[Change, error]

	// Close makes everything that was accepted durable and releases the engine.
	// Calls after it fail with [fault.Closed]; a second Close does nothing.
	Close() error
}

// A Query says what to read.
type Query struct {
	// Keys are the series to read, in this order, none of them twice.
	Keys []Key

	// Range is the time to read. For ticks its ends are whole microseconds.
	Range market.Range

	// Columns are the columns to read besides Time and Seq; nil means all. A
	// name that a series does not have is passed over, and one that stands twice
	// is read once.
	Columns []string

	// Reverse reads each key from its last row to its first.
	Reverse bool

	// Limit is how many rows to read of each key, 0 for all.
	Limit int
}

// A FoldQuery asks for the rows of bars or ticks as bars of a coarser interval.
type FoldQuery struct {
	// Keys and Range are those of a Query. No window is cut by an end of Range;
	// [Store.Resample] says how far the ends are moved.
	Keys  []Key
	Range market.Range

	// Interval and Zone say which windows: those of [market.Interval.Window]. With
	// a Calendar no Zone is needed.
	Interval market.Interval
	Zone     *time.Location

	// Calendar, if it is not nil, says which windows instead of Zone: those of
	// [market.Calendar.Windows]. An engine is given none.
	Calendar *market.Calendar

	// Outside, if it is not nil, is called with each row of Range that goes into no
	// bar since it lies in no session of Calendar.
	Outside func(k Key, t market.Time)

	// Volume says how the volume of ticks counts. To a store "" means what the
	// attribute [AttrTickVolume] of each series says; an engine is told.
	Volume market.TickVolume
}

// Attributes that RedFire itself reads.
const (
	AttrZone       = "zone"        // the time zone in which the series counts its days
	AttrPriceTick  = "price_tick"  // the smallest step of its prices
	AttrSource     = "source"      // where the rows came from
	AttrCalendar   = "calendar"    // the calendar by whose sessions its bars were made
	AttrTickVolume = "tick_volume" // how the volume of ticks counts, a [market.TickVolume]
)

// A Filter lets series through. What is zero does not count.
type Filter struct {
	Kind     Kind
	Symbol   market.Symbol
	Exchange market.Exchange
	Interval market.Interval
	Name     string

	// Brief tells that Count, First and Last are not wanted: they may be 0, and
	// series without attributes and extra columns may be left out.
	Brief bool
}

// Match reports whether f lets k through.
func (f Filter) Match(k Key) bool {
	return (f.Kind == 0 || f.Kind == k.Kind) &&
		(f.Symbol == market.Symbol{} || f.Symbol == k.Symbol) &&
		(f.Exchange == "" || f.Exchange == k.Symbol.Exchange) &&
		(f.Interval == 0 || f.Interval == k.Interval) &&
		(f.Name == "" || f.Name == k.Name)
}

// An Overview is what is known of a series without reading it.
type Overview struct {
	Key Key

	// Count is how many rows there are, exactly. First and Last are the times
	// of the first and the last of them, 0 if there are none.
	Count       int64
	First, Last market.Time

	// Attrs are the attributes, nil if there are none: an empty map that was
	// written is none.
	Attrs map[string]string

	// Extra are the extra columns of which some row has or had a value, by name.
	// It may tell of more.
	Extra map[string]Type
}

// A Change is one that was accepted.
type Change struct {
	// Seq is its number. Numbers ascend, and need not be without gaps.
	Seq uint64

	Key Key

	// Range holds the rows that were written, replaced or deleted; a change of
	// attributes alone has an empty one.
	Range market.Range
}

// A Forgotten is the error of Changes for a number that is older than what is
// known, or newer than the last. It is [fault.SeriesChanges], of kind
// [fault.Conflict].
type Forgotten struct {
	// Last is the number of the last change. Who reads everything from now on
	// may go on from it.
	Last uint64

	err error
}

// Forget returns the error of an engine that is asked for changes since a number
// it does not know, when the last is another.
func Forget(since, last uint64) error {
	return &Forgotten{last, fault.SeriesChanges.Errorf("changes after %d are not known; read everything and go on from %d", since, last)}
}

// Error returns the numbers, in words.
func (f *Forgotten) Error() string { return f.err.Error() }

// Unwrap returns the [fault.SeriesChanges].
func (f *Forgotten) Unwrap() error { return f.err }
