// Package series stores market time series and reads them back in order: bars
// by symbol and interval, ticks by symbol, indicators by name.
//
// A [Store] is what programs use. It checks what it is given, puts rows in
// order, and refuses a call whole if a row in it cannot be stored; it never
// changes a value or leaves one out. Writing is upserting: the row that was
// accepted last wins, and the same call may be repeated.
//
//	store.WriteBars, WriteTicks   rows in, in any order
//	store.Write, Replace, Delete  columns in, counts of what that did out
//	store.Bars, Ticks             rows out, oldest first
//	store.Read, Latest            columns out, also of many series and backwards
//	store.Resample, Profile       coarser bars, volume by price
//	store.Gaps, Coverage          what is missing by a trading calendar
//	store.Overview, Changes       what there is, and what happened to it
//	store.Sequencer               Seq for the ticks of a stream
//
// Rows are a view: what is stored are columns, a [Frame] of them at a time.
// Beside the columns that every bar and tick has, a series may have extra ones
// of its own, and attributes of the whole.
//
// Every time is an instant in UTC, every range is half-open, and days begin
// where the time zone that is named says so. Errors are of the kinds of package
// fault; what is not known to have happened is [fault.Unknown].
//
// A store stands on an [Engine], and [Key], [Frame] and [Query] are the words
// between them. Engines live in subpackages: memseries for tests, and as the
// oracle of the others. All of them pass the suite in seriestest, so a program
// may change its engine without changing its meaning.
package series
