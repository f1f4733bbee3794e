package realdata

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"io"
	"iter"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
)

// Rows reads the bars, oldest first, one line at a time. It ends at the first
// error, which tells file and line.
func (s Bars) Rows() iter.Seq2[market.Bar, error] {
	return func(yield func(market.Bar, error) bool) {
		zone, err := s.Symbol.Exchange.Zone()
		if err != nil {
			yield(market.Bar{}, err)
			return
		}
		parse := func(f []string) (b market.Bar, err error) {
			if b.Time, err = s.clock(f, zone); err != nil {
				return b, err
			}
			prices := f[len(f)-5:] // the time is in one column or two
			if err := numbers(prices, &b.Open, &b.High, &b.Low, &b.Close, &b.Volume); err != nil {
				return b, err
			}
			return b, b.Validate()
		}
		rows(s.File, s.header, parse)(yield)
	}
}

// Rows reads the trades of all files, oldest first, one line at a time. Seq
// numbers those of one microsecond as they stand, from one file to the next
// too. It ends at the first error, which tells file and line; a trade before
// the one above it is an error, since Seq could not be told by then.
func (s Ticks) Rows() iter.Seq2[Trade, error] {
	return func(yield func(Trade, error) bool) {
		var last market.Tick
		parse := func(f []string) (t Trade, err error) {
			if t.Tick.Time, err = s.clock(f, nil); err != nil {
				return t, err
			}
			if err := numbers(f[1:], &t.Tick.LastPrice, &t.Tick.LastVolume); err != nil {
				return t, err
			}
			if len(f) > 3 {
				t.Venue = f[3]
			}
			switch {
			case last.Time == 0:
			case t.Tick.Time < last.Time:
				return t, fault.MarketForm.Errorf("%s is before %s, the time of the trade above", t.Tick.Time, last.Time)
			case t.Tick.Time.Micro() == last.Time.Micro():
				t.Tick.Seq = last.Seq + 1
			}
			last = t.Tick
			return t, t.Tick.Validate()
		}
		for _, file := range s.Files {
			for t, err := range rows(file, s.header, parse) {
				if !yield(t, err) || err != nil {
					return
				}
			}
		}
	}
}

// rows parses the lines of a file below its header, each cut at the commas.
// The header must be the one given: it says what the columns mean.
func rows[T any](file, header string, parse func(fields []string) (T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		at := fault.Place{File: file}
		f, err := os.Open(file)
		if err != nil {
			yield(none, fault.At(at, fmt.Errorf("%w: %w", fault.NotFound, fault.WithoutPath(err))))
			return
		}
		defer f.Close()
		text, err := unpack(f)
		if err != nil {
			yield(none, fault.At(at, damaged(err)))
			return
		}
		lines := bufio.NewScanner(text)
		at.Line = 1
		if lines.Scan(); lines.Err() == nil && lines.Text() != header {
			yield(none, fault.At(at, fault.MarketForm.Errorf("the header is %q, not %q", lines.Text(), header)))
			return
		}
		// Where a file is damaged the scanner gives what it has of the line.
		for at.Line = 2; lines.Scan() && lines.Err() == nil; at.Line++ {
			row, err := parseLine(lines.Text(), header, parse)
			if !yield(row, fault.At(at, err)) || err != nil {
				return
			}
		}
		if err := lines.Err(); err != nil {
			yield(none, fault.At(at, damaged(err)))
		}
	}
}

func unpack(f *os.File) (io.Reader, error) {
	if strings.HasSuffix(f.Name(), ".gz") {
		return gzip.NewReader(f)
	}
	return f, nil
}

func parseLine[T any](line, header string, parse func([]string) (T, error)) (row T, err error) {
	fields := strings.Split(line, ",")
	if have, want := len(fields), strings.Count(header, ",")+1; have != want {
		return row, fault.MarketForm.Errorf("the line has %d fields, the header %d", have, want)
	}
	return parse(fields)
}

func damaged(err error) error { return fmt.Errorf("%w: %w", fault.Corrupt, err) }

func numbers(fields []string, into ...*float64) error {
	for i, v := range into {
		var err error
		if *v, err = strconv.ParseFloat(fields[i], 64); err != nil {
			return fault.MarketForm.Errorf("%q is not a number", fields[i])
		}
	}
	return nil
}

// A clock reads the time that the first columns of a row give: the start of a
// bar, the instant of a trade.
type clock func(fields []string, zone *time.Location) (market.Time, error)

// utc reads an instant that says so itself.
func utc(f []string, _ *time.Location) (market.Time, error) { return market.ParseTime(f[0], nil) }

// wallClock reads what the exchange's clock showed, or its date alone.
func wallClock(f []string, zone *time.Location) (market.Time, error) {
	return market.ParseTime(f[0], zone)
}

// monthDayYear reads an exchange's date as Americans write it.
func monthDayYear(f []string, zone *time.Location) (market.Time, error) {
	return dated("1/2/2006", f[0], "", zone)
}

// fiveMinutesEarlier reads a date, glued to it the weekday, and the time at
// which a bar of five minutes ends. Five minutes before it the bar begins,
// exactly: all four sessions of the day (09:00-10:15, 10:30-11:30, 13:30-15:00,
// 21:00-23:00) are whole numbers of five minutes, so no bar is cut short by
// the end of one, and none spans a break: the first after the break of 10:15
// is stamped 10:35, the first of the night 21:05. Dates are the calendar's,
// not trading days, so a night bar needs no other date either.
func fiveMinutesEarlier(f []string, zone *time.Location) (market.Time, error) {
	date, _, _ := strings.Cut(f[0], " ")
	end, err := dated("2006/1/2", date, " "+f[1], zone)
	return end - market.Time(5*time.Minute), err
}

func dated(layout, date, rest string, zone *time.Location) (market.Time, error) {
	day, err := time.Parse(layout, date)
	if err != nil {
		return 0, fault.MarketTime.Errorf("date %q is not written as in %s", date, layout)
	}
	return market.ParseTime(day.Format(time.DateOnly)+rest, zone)
}

// epochSeconds and epochMilliseconds read what Unix counts since 1970.
func epochSeconds(f []string, _ *time.Location) (market.Time, error) {
	return epoch(f[0], func(n int64) time.Time { return time.Unix(n, 0) })
}

func epochMilliseconds(f []string, _ *time.Location) (market.Time, error) {
	return epoch(f[0], time.UnixMilli)
}

func epoch(s string, timeOf func(int64) time.Time) (market.Time, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0, fault.MarketTime.Errorf("%q is not a whole number, as a time since 1970 is", s)
	}
	return market.TimeOf(timeOf(n))
}
