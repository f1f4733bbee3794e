// Package series stores market time series and reads them back in order: bars
// by symbol and interval, ticks by symbol, indicators by name.
//
// An [Engine] keeps frames of columns. Engines live in subpackages: memseries
// for tests, and as the oracle of the others. All of them pass the suite in
// seriestest, so a program may change its engine without changing its meaning.
//
// The contract is the doc of [Engine] and of the types it speaks in: [Key]
// names a series, [Frame] holds rows of it as columns, [Query] asks for them.
// Every time is an instant in UTC, and every range is half-open.
package series
