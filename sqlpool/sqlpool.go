// Package sqlpool keeps named pools of connections to SQL databases: warm,
// watched, and back by themselves when a server was away.
//
// [New] opens a [Pool] for each [Source]; [Pools.Pool] finds one by its name.
// [Pool.DB] is an ordinary [database/sql.DB], one for the pool's whole life, so
// whatever works with database/sql works with it unchanged:
//
//	pool, err := pools.Pool("main")
//	rows, err := pool.DB().QueryContext(ctx, "SELECT name FROM account")
//
// [Pool.InTx] runs a transaction, repeats it where that is safe, and tells when
// nobody can know whether it was committed.
//
// Under the DB lies a connector of ours that owns the connections. It promises:
//
//   - There are never more than MaxOpen connections, and MinIdle are open while
//     nobody uses them. Their lifetimes have jitter, so that they do not all end
//     at once.
//   - Who finds none free waits in line, for WaitTimeout at most. Then the error,
//     [fault.Exhausted], names those who hold them.
//   - While the server cannot be reached, calls fail at once with
//     [fault.Unavailable], or [fault.Denied], and the pool goes on trying: the
//     first connection that it gets ends that.
//   - No connection to a server that became read-only is handed out, unless the
//     source may be read-only.
//   - What a holder left behind, an open transaction or settings of its session,
//     is gone before the next one has the connection.
//   - Who holds a connection for long is named in the log.
//
// An [Engine] is what the pool must know of one kind of database. Engines live in
// subpackages, mysqlpool, postgrespool and sqlitepool; all of them pass the suite
// in sqlpooltest.
//
// Errors that come from the DB are those of the driver, since programs compare
// them; [Pool.Classify] tells what kind they are. Callers must not change the
// limits of the DB (SetMaxOpenConns and the like): the pool relies on them.
package sqlpool
