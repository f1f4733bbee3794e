// Package marketfile moves bars and ticks between files and a series store.
//
// [Import] reads CSV (plain, gzip, Zstandard, zip; comma, semicolon, tab or bar;
// UTF-8, UTF-16 or GBK), NDJSON and JSON arrays of objects, Parquet, and Arrow,
// files (Feather 2) and streams. What the columns mean it takes from their names, as vn.py, Chinese terminals and exchanges write them, or from
// [Options]. It guesses nothing that would move a row: the zone of times without
// an offset, whether a bar is stamped at its start or its end, whether 1/4/1999
// is in January or April. What a file does not say, and the options neither, is a
// [Needs] that names each option to give.
//
// A row that cannot be kept is refused with its line and the reason, and written
// to FILE.rejects.csv, from where it can be mended and imported; the others are
// kept. To import the same files again changes nothing.
//
// With [Options.Whole] all rows of a call are kept, or none of them.
//
// [Preview] tells what the first rows would become. [Export] writes CSV, NDJSON,
// Parquet and Arrow. All of them Import takes back without being told anything, and every row is as it was: times to the nanosecond, the numbers of
// ticks, absent values apart from empty texts. Attributes of series are kept by
// Parquet and Arrow alone, so the volume of ticks out of a text needs
// [Options.TickVolume]; and CSV takes no text with a line break.
//
// An [Encoder] writes what Export does, and JSON and Arrow streams, to any writer,
// frame by frame and in any order of rows; of indicators too. Import takes no
// indicators.
//
// Of Parquet and Arrow, columns are read that are not nested, whatever their type. A number
// of single precision becomes the decimal that it is written as, 0.1 and not
// 0.10000000149; a decimal the nearest number.
package marketfile

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

// Options say what files do not say themselves. The zero value is for files that
// say it all.
type Options struct {
	// Symbol and Interval are those of all rows. Without them they come from
	// columns of the file, or from its path. Of a symbol the exchange alone may be
	// given.
	Symbol   market.Symbol
	Interval market.Interval

	// OnlyMissing makes it an error to give Symbol or Interval for rows that say
	// theirs; otherwise what is given counts.
	OnlyMissing bool

	// Path tells how the end of a file's path names what it holds:
	// "{symbol}/{interval}.csv", "{exchange}/{code}_*.csv". A star stands for
	// anything within a name.
	Path string

	// Preset names a form of file that is known: one of [Presets].
	Preset string

	// Columns are the names of the columns of files that have no header.
	Columns []string

	// Map names the column of a field where its name does not tell: "open" is in
	// "OpeningPx", or in "#2", the second one. Fields are the base columns of the store, and time, date,
	// symbol, code, exchange, interval and seq.
	Map map[string]string

	// Keep are columns to keep beside the base columns, as extra ones.
	Keep []Kept

	// Zone is the time zone of times that have no offset; nil where all have
	// one. Bars of a day or a week are counted in it too.
	Zone *time.Location

	// BarTime tells whether bars are stamped at their start or at their end.
	BarTime BarTime

	// Calendars are those by which the start of a bar is told from its end, and
	// whose sessions bars may begin with; nil means RedFire's own.
	Calendars *market.Calendars

	// Calendar is the name of the one that counts, CalendarAuto for that of each
	// symbol, or CalendarNone for the clock. Without it, that of each symbol
	// counts, and bars that are stamped at their end are refused where trading
	// time and the clock may tell different starts.
	Calendar string

	// DateOrder is how dates are written whose year is not first.
	DateOrder DateOrder

	// TimeUnit is the unit of times that are numbers, where the number of their
	// digits is not to tell it: "s", "ms", "us" or "ns".
	TimeUnit string

	// Encoding is that of text: "utf-8", "gbk", "utf-16"; "" to look.
	Encoding string

	// TickVolume says how the volume of ticks counts. The zero value takes it
	// from the columns there are.
	TickVolume market.TickVolume

	// AcceptSuspect keeps rows that contradict themselves, such as a high below
	// the low.
	AcceptSuspect bool

	// CheckOwn looks for rows that contradict themselves in RedFire's own form too,
	// of which it is taken otherwise that they were accepted once: anybody may write
	// in it.
	CheckOwn bool

	// Replace keeps ticks that differ from those stored in their place, and the
	// later one of two bars for one time.
	Replace bool

	// Rejects is the folder for refused rows; "" is that of each file.
	Rejects string

	// Refused is told each refused row, by one goroutine, instead of its being
	// written to a file.
	Refused func(Refused)

	// Name is what the one file of the call goes by, in place of its path, where
	// that tells nobody anything: in errors, notes and progress, and for Path. It
	// takes Refused or Rejects besides.
	Name string

	// Whole keeps all rows of the call or, if one is refused, none: by one write,
	// which nobody sees half of. What it takes is at most [series.MaxRows] rows
	// and [series.MaxBytes] of values. Ticks out of order are sorted in memory.
	Whole bool

	// Lang is the language of the reasons in them: "zh" for Chinese, else English.
	Lang string

	// Scratch opens an empty store for sorting ticks that are out of order, and
	// says in which folder. It is closed and then removed by what is returned.
	// Without it files out of order are refused.
	Scratch func() (*Scratch, error)

	// Range is which rows are kept, by their time; the others are passed over.
	Range market.Range

	// Progress is told now and then how far an import is, by one goroutine.
	Progress func(Progress)
}

// A Scratch is a store for sorting.
type Scratch struct {
	Store  *series.Store
	Folder string                // where it is, for people
	Free   func() (int64, error) // bytes that are left for it
	Remove func() error          // after Store was closed
}

// A BarTime says what a bar's time is.
type BarTime string

// The ways to stamp a bar.
const (
	Start BarTime = "start"
	End   BarTime = "end"
)

// A DateOrder says in which order day, month and year stand.
type DateOrder string

// The orders of dates whose year is not first.
const (
	MonthDayYear DateOrder = "mdy" // 12/31/1999
	DayMonthYear DateOrder = "dmy" // 31/12/1999
)

// A Progress is how far an import is.
type Progress struct {
	File        string
	Files, Done int   // how many files there are, and how many are read
	Rows        int64 // rows read so far
	Bytes, Size int64 // of all files: read so far, and in all; 0 if not known
	Sorting     bool  // ticks were out of order, and are being sorted

	// Space and Folder tell once, before sorting begins, how many bytes it needs
	// and where.
	Space  int64
	Folder string
}

// A Report is what an import did.
type Report struct {
	// Files were read to their end.
	Files int

	// Read is how many rows there were, and equals the sum of the others, but
	// where Options.Whole kept nothing. Of those kept, New had none in their
	// place, Unchanged an equal one, Replaced another. Refused were not kept.
	// Outside rows were passed over, since they lie outside of Options.Range.
	Read, New, Unchanged, Replaced, Refused, Outside int64

	// Rejects are the files that refused rows were written to.
	Rejects []string

	// Reasons counts refused rows by their code.
	Reasons map[fault.Code]int64

	// Keys are the series that were written, in order of appearance, the first
	// thousand of them, and Series how many there are.
	Keys   []series.Key
	Series int

	// Notes are remarks on files: lines that were passed over, columns that were
	// not imported. What is true of several files is said of the first.
	Notes []Note
}

// A Note is a remark on a file.
type Note struct {
	File string
	Text error // one of package fault, for its languages
}

// A Need is something that a file does not say.
type Need struct {
	Option string // as the flag of the command is called: "tz"
	err    error
}

// Error tells what is needed, and by which option to say it.
func (n *Need) Error() string { return n.err.Error() }

// Unwrap returns the error with its code.
func (n *Need) Unwrap() error { return n.err }

// Import reads files, in their order, into store. On an error the report tells
// what was done until then; what was kept stays, and the same call goes on.
//
// Bars replace those that are stored. Ticks are numbered within their
// microsecond over all files of the call, in the order in which they stand; one
// that differs from the stored one is refused, unless opts says to replace it.
//
// The error is fault.FileNeeds, before anything is kept, if something is not
// said, and fault.FileRefused where Options.Whole kept nothing because of rows
// that were refused. A nil opts is the same as a pointer to the zero Options.
func Import(ctx context.Context, store *series.Store, kind series.Kind, files []string, opts *Options) (*Report, error) {
	o := Options{}
	if opts != nil {
		o = *opts
	}
	err := o.validate(kind)
	if err == nil {
		err = o.validateName(len(files))
	}
	if err != nil {
		return &Report{}, fmt.Errorf("marketfile: %w", err)
	}
	if err := o.findCalendars(); err != nil {
		return &Report{}, fmt.Errorf("marketfile: %w", err)
	}
	r, err := newImport(store, kind, files, o).run(ctx)
	if err != nil {
		err = fmt.Errorf("marketfile: import: %w", err)
	}
	return r, err
}

// findCalendars takes RedFire's own if there are no others, and sees to it that
// the one that is named exists.
func (o *Options) findCalendars() (err error) {
	if o.Calendars == nil {
		if o.Calendars, err = market.NewCalendars(); err != nil {
			return err
		}
	}
	if o.Calendar != "" && o.Calendar != CalendarAuto && o.Calendar != CalendarNone {
		_, err = o.Calendars.Named(o.Calendar)
	}
	return err
}

// nameOf returns what a file goes by.
func (o *Options) nameOf(file string) string { return cmp.Or(o.Name, file) }

// validateName sees to it that a name is that of one file, and that no refused
// rows are written beside it.
func (o *Options) validateName(files int) error {
	switch {
	case o.Name == "":
		return nil
	case files != 1:
		return fault.FileOption.Errorf("Options.Name is the name of one file, and there are %d", files)
	case o.Refused == nil && o.Rejects == "":
		return fault.FileOption.Errorf("Options.Name takes Options.Refused or Options.Rejects besides")
	}
	return nil
}

func (o *Options) validate(kind series.Kind) error {
	check := o.Range.Validate
	if kind == series.Ticks {
		check = o.Range.ValidateTicks
	}
	if err := check(); err != nil {
		return err
	}
	if kind != series.Bars && kind != series.Ticks {
		return fault.FileOption.Errorf("only bars and ticks can be imported, not %s", kind)
	}
	// Either part may be given without the other.
	if y := (market.Symbol{Code: cmp.Or(o.Symbol.Code, "CODE"), Exchange: cmp.Or(o.Symbol.Exchange, "EXCHANGE")}); y.Validate() != nil {
		return y.Validate()
	}
	if o.Interval != 0 {
		if err := o.Interval.Validate(); err != nil {
			return err
		}
	}
	if o.Preset != "" && presetOf(kind, o.Preset) == nil {
		return fault.FileOption.Errorf("there is no preset %q for %s; there are %s", o.Preset, kind, strings.Join(Presets(kind), ", "))
	}
	for field := range o.Map {
		if !isField(kind, field) {
			return fault.FileOption.Errorf("%q is no field of %s; there are %s", field, kind, strings.Join(fields(kind), ", "))
		}
	}
	for _, w := range []struct{ option, value, words string }{
		{"time-unit", o.TimeUnit, "s, ms, us, ns"}, {"bar-time", string(o.BarTime), "start, end"},
		{"date-order", string(o.DateOrder), "mdy, dmy"}, {"tick-volume", string(o.TickVolume), "traded, cumulative"},
	} {
		if w.value != "" && !slices.Contains(strings.Split(w.words, ", "), w.value) {
			return fault.FileOption.Errorf("--%s is one of %s, not %q", w.option, w.words, w.value)
		}
	}
	return nil
}
