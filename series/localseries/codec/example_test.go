package codec_test

import (
	"fmt"

	"github.com/redfire-quant/redfire/series/localseries/codec"
)

func Example() {
	times := []int64{1735810200, 1735810260, 1735810320, 1735810440}
	prices := []float64{584.25, 584.31, 584.28, 584.4}

	timeBlock := codec.AppendInts(nil, times)
	priceBlock := codec.AppendFloats(nil, prices)

	gotTimes, gotPrices := make([]int64, 4), make([]float64, 4)
	if err := codec.Ints(gotTimes, timeBlock); err != nil {
		fmt.Println(err)
	}
	if err := codec.Floats(gotPrices, priceBlock); err != nil {
		fmt.Println(err)
	}
	fmt.Println(gotTimes[3], gotPrices)
	// Output: 1735810440 [584.25 584.31 584.28 584.4]
}

func ExampleBars() {
	open, high, low := []float64{10, 10.5}, []float64{10.75, 11}, []float64{9.5, 10.25}
	closing := []float64{10.5, 10.75}
	blocks := codec.AppendBars([4][]byte{}, open, high, low, closing)

	highs := make([]float64, 2)
	err := codec.Bars([4][]float64{1: highs}, blocks)
	fmt.Println(highs, err)
	// Output: [10.75 11] <nil>
}
