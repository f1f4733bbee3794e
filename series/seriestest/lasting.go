package seriestest

import (
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

// lastingRules are about what was acknowledged.
var lastingRules = []lasting{
	{"what was written is there", "what was acknowledged is there", func(t tb, e series.Engine) {
		write(t, e, lastingFrames()...)
	}, func(t tb, e series.Engine) {
		f := lastingFrames()
		wantRows(t, e, of(rebarBars, rebarTicks), f...)
		wantOverview(t, e, series.Filter{}, summary(f[0]), summary(f[1]))
	}},
	{"the last version is there", "the write accepted last wins, in the next process too", func(t tb, e series.Engine) {
		write(t, e, with(bars(rebarBars, 1, 60, 120), column("id", int64(1), int64(2))))
		write(t, e, bars(rebarBars, 2, 60))
		write(t, e, bars(rebarBars, 3, 60))
	}, func(t tb, e series.Engine) {
		wantRows(t, e, of(rebarBars), bars(rebarBars, 3, 60), with(bars(rebarBars, 1, 120), column("id", int64(2))))
		write(t, e, bars(rebarBars, 4, 60))
		wantRows(t, e, in(between(1, 61), rebarBars), bars(rebarBars, 4, 60))
	}},
	{"what was deleted stays so", "the dead must not rise", func(t tb, e series.Engine) {
		f := attributed(bars(rebarBars, 1, 60, 120, 180), map[string]string{"source": "x"})
		write(t, e, f, attributed(bars(silverBars, 1, 60), f.Attrs))
		remove(t, e, rebarBars, between(60, 121))
		remove(t, e, silverBars, market.Range{})
	}, func(t tb, e series.Engine) {
		f := attributed(bars(rebarBars, 1, 180), map[string]string{"source": "x"})
		wantRows(t, e, of(rebarBars, silverBars), f)
		wantOverview(t, e, series.Filter{}, summary(f))
	}},
	{"what was replaced stays so", "neither half may be missing", func(t tb, e series.Engine) {
		write(t, e, bars(rebarBars, 1, 60, 120, 180))
		replace(t, e, between(60, 180), bars(rebarBars, 2, 90))
	}, func(t tb, e series.Engine) {
		wantRows(t, e, of(rebarBars), bars(rebarBars, 2, 90), bars(rebarBars, 1, 180))
	}},
	{"numbers of changes go on", "a follower outlives the store's process", func(t tb, e series.Engine) {
		write(t, e, bars(rebarBars, 1, 60))
		write(t, e, bars(silverBars, 1, 60))
	}, func(t tb, e series.Engine) {
		all, ok := changes(t, e, 0)
		if !ok {
			return
		}
		wantChange(t, all, rebarBars, market.Range{From: at(60), To: at(60) + 1})
		last := all[len(all)-1].Seq
		write(t, e, bars(rebarBars, 1, 120))
		news, _ := changes(t, e, last)
		wantChange(t, news, rebarBars, market.Range{From: at(120), To: at(120) + 1})
	}},
}

func lastingFrames() []series.Frame {
	f := with(bars(rebarBars, 1, -60, 60, 120), column("venue", "A", nil, "B"), column("id", nil, int64(1), int64(2)))
	f.Attrs = map[string]string{series.AttrZone: "Asia/Shanghai"}
	return []series.Frame{f, ticks(rebarTicks, 1, place{at(1) + 9, 0}, place{at(1) + 1, 4_000_000_000})}
}
