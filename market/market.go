// Package market holds the words that all of RedFire speaks: [Time], [Symbol],
// [Interval], [Bar], [Tick] and [Range], and the trading calendars of exchanges:
// [Calendars] finds that of a symbol, a [Calendar] knows its trading days and
// sessions, [Windows] the trading time of each bar, and a [BarCloser] makes bars of
// ticks as they come.
//
// They are plain values. What is wrong with one is told in two ways. Validate
// returns an error of kind [fault.Invalid] for what can never be stored: a
// price that is not a number, a row without a time, a symbol that is not well
// formed. Findings returns what contradicts itself and yet does occur in real
// files: a high below the low, a volume below zero. Nothing in this package
// repairs a value or leaves one out.
//
// Every type has a JSON form, and those but Bar and Tick a text form, that are
// read back as the same value. The zero value of Time, Symbol and Interval
// means that there is none and is written as the empty text, a Time in JSON as
// null.
//
// Times are instants in UTC. A wall-clock time becomes one only with a time
// zone that the caller names; the zone of the machine is never used.
//
// Prices and volumes are float64, because the exchanges' files, vn.py and
// InfluxDB hold float64: a decimal text of up to 15 digits comes back as it
// was written, and no conversion stands between a source and the store.
//
// Values may be used by several goroutines as long as none changes them.
package market
