package series_test

import (
	"context"
	"iter"
	"testing"

	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
	"github.com/redfire-quant/redfire/series/memseries"
)

// still is an engine that takes what it is given and answers with one frame:
// what is measured over it is the store alone.
type still struct {
	series.Engine
	frame *series.Frame
}

func (still) Write(context.Context, []series.Frame) error { return nil }

func (e still) Read(context.Context, series.Query) iter.Seq2[*series.Frame, error] {
	return func(yield func(*series.Frame, error) bool) { yield(e.frame, nil) }
}

func manyBars(n int) []market.Bar {
	all := make([]market.Bar, n)
	for i := range all {
		all[i] = bar(i, float64(3000+i%97))
	}
	return all
}

func BenchmarkStoreWritesColumns(b *testing.B) {
	f := series.FrameOfBars(rebar, market.Minute, manyBars(4096))
	s := series.New(still{}, nil)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Write(b.Context(), []series.Frame{f}, nil); err != nil {
			b.Fatal(err)
		}
	}
	perRow(b, 4096)
}

func BenchmarkStoreReadsColumns(b *testing.B) {
	f := series.FrameOfBars(rebar, market.Minute, manyBars(4096))
	s := series.New(still{frame: &f}, nil)
	b.ReportAllocs()
	for b.Loop() {
		for _, err := range s.Read(b.Context(), series.Query{Keys: []series.Key{bars}}) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	perRow(b, 4096)
}

func BenchmarkStoreReadsRows(b *testing.B) {
	f := series.FrameOfBars(rebar, market.Minute, manyBars(4096))
	s := series.New(still{frame: &f}, nil)
	b.ReportAllocs()
	sum := 0.0
	for b.Loop() {
		for row, err := range s.Bars(b.Context(), rebar, market.Minute, market.Range{}) {
			if err != nil {
				b.Fatal(err)
			}
			sum += row.Close
		}
	}
	perRow(b, 4096)
}

// What a store adds to memseries is the difference of the two.
func BenchmarkMemseries(b *testing.B) {
	e := memseries.NewEngine()
	s := series.New(e, nil)
	if err := s.WriteBars(b.Context(), rebar, market.Minute, manyBars(4096)); err != nil {
		b.Fatal(err)
	}
	q := series.Query{Keys: []series.Key{bars}}
	read := func(name string, from func(context.Context, series.Query) iter.Seq2[*series.Frame, error]) {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				for _, err := range from(b.Context(), q) {
					if err != nil {
						b.Fatal(err)
					}
				}
			}
			perRow(b, 4096)
		})
	}
	read("reads columns", e.Read)
	read("and the store", s.Read)
	f := series.FrameOfBars(rebar, market.Minute, manyBars(4096))
	b.Run("writes columns", func(b *testing.B) {
		for b.Loop() {
			if err := e.Write(b.Context(), []series.Frame{f}); err != nil {
				b.Fatal(err)
			}
		}
		perRow(b, 4096)
	})
	b.Run("and the store", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.Write(b.Context(), []series.Frame{f}, nil); err != nil {
				b.Fatal(err)
			}
		}
		perRow(b, 4096)
	})
}

func perRow(b *testing.B, rows int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(rows), "ns/row")
}
