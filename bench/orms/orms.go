// Package orms has no code of its own: its tests show that programs written with
// sqlx, bun, gorm and sqlc work over a pool's DB as they are, on each kind of
// database, and that tracing by otelsql stands between the two.
//
// The code in sqlcgen was made by sqlc of queries.sql.
package orms
