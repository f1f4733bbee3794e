package series

import "sync/atomic"

// Stats are what a store has done since it was made.
type Stats struct {
	// Writes are the calls that wrote, replaced or deleted, and RowsWritten the
	// rows that were given to them and accepted.
	Writes, RowsWritten int64

	// Reads are the calls of Read and of what stands on it, and RowsRead the rows
	// that they yielded.
	Reads, RowsRead int64

	// Failures are the writes and reads that ended with an error.
	Failures int64
}

// stats counts what a store does.
type stats struct {
	writes, rowsWritten, reads, rowsRead, failures atomic.Int64
}

// Stats returns what the store has done until now.
func (s *Store) Stats() Stats {
	return Stats{
		Writes: s.stats.writes.Load(), RowsWritten: s.stats.rowsWritten.Load(),
		Reads: s.stats.reads.Load(), RowsRead: s.stats.rowsRead.Load(), Failures: s.stats.failures.Load(),
	}
}

// wrote notes a call that wrote rows, and how it ended.
func (c *stats) wrote(rows int, err error) {
	c.writes.Add(1)
	if err != nil {
		c.failures.Add(1)
		return
	}
	c.rowsWritten.Add(int64(rows))
}

// read notes rows that were read, and how reading ended.
func (c *stats) read(rows int64, err error) {
	c.reads.Add(1)
	c.rowsRead.Add(rows)
	if err != nil {
		c.failures.Add(1)
	}
}

func rowsIn(frames []Frame) int {
	rows := 0
	for i := range frames {
		rows += frames[i].Len()
	}
	return rows
}
