//go:build !race

package marketfile

// batchRows is how many rows are collected before they are written: the
// embedded engine makes calls of 100,000 and more a file of their own.
const batchRows = 256 << 10
