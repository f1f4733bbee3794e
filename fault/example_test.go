package fault_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/redfire-quant/redfire/fault"
)

// An engine wraps what its server said; the caller decides by the kind.
func Example() {
	write := func() error {
		return fmt.Errorf("%w: %w", fault.Unavailable, errors.New("connection refused"))
	}
	err := fmt.Errorf("series: write rb2601.SHFE: %w", write())
	if errors.Is(err, fault.Unavailable) {
		fmt.Println("later:", err)
	}
	// Output: later: series: write rb2601.SHFE: unavailable: connection refused
}

func ExampleCode_Errorf() {
	err := fault.ConfigMissing.Errorf("read redfire.yaml: %w", fs.ErrNotExist)
	fmt.Println(err)
	fmt.Println(fault.CodeOf(err) == fault.ConfigMissing, errors.Is(err, fault.NotFound), errors.Is(err, fs.ErrNotExist))
	// Output:
	// read redfire.yaml: file does not exist
	// true true true
}

func ExampleCode_Entry() {
	e, ok := fault.Code("RF-CFG-005").Entry()
	fmt.Println(ok, e.Kind)
	fmt.Println(e.Summary.En)
	fmt.Println(e.Cure.En)
	// Output:
	// true invalid
	// a key stands twice in the configuration
	// Keep one of the two lines. RedFire does not choose between them.
}

func ExampleAt() {
	err := fault.MarketNotFinite.Errorf("NaN is not a finite number")
	err = fault.At(fault.Place{File: "bars.csv", Line: 7, Field: "close"}, err)
	fmt.Println(err)
	place, _ := fault.PlaceOf(err)
	fmt.Println(place.Line, place.Field)
	// Output:
	// bars.csv:7: close: NaN is not a finite number
	// 7 close
}

// The edge of a program decides once.
func ExampleExitCode() {
	for _, err := range []error{nil, fault.MarketTime.Errorf("no such day"), fault.Corrupt, context.Canceled} {
		fmt.Println(fault.ExitCode(err), err)
	}
	// Output:
	// 0 <nil>
	// 2 no such day
	// 3 corrupt
	// 130 context canceled
}

func ExampleHTTPStatus() {
	err := fmt.Errorf("series: read: %w", fault.NotFound)
	fmt.Println(fault.HTTPStatus(err))
	// Output: 404
}
