package series

import (
	"context"
	"iter"

	"github.com/redfire-quant/redfire/market"
)

// A Damage is a place in a file of an engine whose bytes fail their check.
type Damage struct {
	File   string
	Offset int64

	// Key and Range say which rows stand there, as far as that is known: Key has
	// no kind otherwise.
	Key   Key
	Range market.Range

	// Err says what is wrong. It is of kind [fault.Corrupt].
	Err error
}

// A Verifier is an engine that can check what it keeps.
type Verifier interface {
	// Verify reads every byte that counts, and yields what is damaged. Others may
	// read and write meanwhile. An error ends it.
	Verify(ctx context.Context) iter.Seq2[Damage, error]
}
