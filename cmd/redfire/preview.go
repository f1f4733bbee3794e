package main

import (
	"context"
	"time"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/marketfile"
	"github.com/redfire-quant/redfire/series"
)

// preview shows what the first rows of each file would become.
func (p *program) preview(ctx context.Context, im *importing, files []string, o *marketfile.Options) error {
	r := result{columns: []column{{"file", message{}}, {"line", message{}}, {"symbol", colSymbol}}}
	if im.kind == series.Bars {
		r.columns = append(r.columns, column{"interval", colInterval})
	}
	r.columns = append(r.columns, column{"time", colTime})
	names := previewColumns(im.kind)
	for _, name := range names {
		r.columns = append(r.columns, column{name, baseTitles[name]})
	}
	const most = 5 // files that are looked at
	for _, file := range files[:min(most, len(files))] {
		g, err := marketfile.Preview(ctx, im.kind, file, im.rows, o)
		if err != nil {
			return err
		}
		p.tellMeanings(g)
		zone := time.UTC
		if g.Zone != "" {
			if zone, err = market.LoadZone(g.Zone); err != nil {
				return err
			}
		}
		for i := range g.Frames {
			r.rows = append(r.rows, previewRows(g, zone, &g.Frames[i], names)...)
		}
	}
	if err := p.print(r); err != nil {
		return err
	}
	if len(files) > most {
		p.note(previewMore, len(files)-most)
	}
	p.note(previewDone)
	return nil
}

// previewColumns are the columns that a preview shows.
func previewColumns(k series.Kind) []string {
	if k == series.Bars {
		return []string{"open", "high", "low", "close", "volume", "turnover", "open_interest"}
	}
	return []string{"last_price", "last_volume", "volume", "bid_price_1", "ask_price_1"}
}

// tellMeanings tells what the columns of a file are taken for.
func (p *program) tellMeanings(g *marketfile.Glimpse) {
	p.note(previewFile, g.File)
	for _, c := range g.Columns {
		if c.Field == "" {
			p.note(previewIgnored, c.Column)
			continue
		}
		p.note(previewMeaning, c.Column, c.Field)
	}
	switch {
	case g.Zone != "" && g.End:
		p.note(previewZoneEnd, g.Zone)
	case g.Zone != "":
		p.note(previewZone, g.Zone)
	case g.End:
		p.note(previewEnd)
	}
	for _, n := range g.Notes {
		p.note(fileNote, n.File, fault.Message(n.Text, p.lang))
	}
	for _, bad := range g.Refused {
		p.note(previewRefused, bad.Line, fault.Message(bad.Why, p.lang), bad.Text)
	}
}

// previewRows shows times on the clock of the file, so that they can be compared
// with it.
func previewRows(g *marketfile.Glimpse, zone *time.Location, f *series.Frame, names []string) (rows [][]any) {
	for i, t := range f.Time {
		row := []any{g.File, nil, f.Key.Symbol.String()}
		if f.Key.Kind == series.Bars {
			row = append(row, f.Key.Interval.String())
		}
		row = append(row, t.In(zone).Format(time.RFC3339Nano))
		for _, name := range names {
			value := any(0.0)
			if c := f.Column(name); c != nil {
				value = c.Floats[i]
			}
			row = append(row, value)
		}
		rows = append(rows, row)
	}
	return rows
}
