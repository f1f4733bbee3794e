//go:build race

package marketfile

// batchRows is smaller under the race detector, where a row costs ten times as
// much: tests need several batches, not so many rows.
const batchRows = 16 << 10
