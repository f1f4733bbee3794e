package sqlpooltest

import (
	"fmt"
	"strings"

	"github.com/redfire-quant/redfire/internal/fewer"
	"github.com/redfire-quant/redfire/sqlpool"
)

// words are what is said to one kind of database.
type words struct {
	tableEnd string // behind a table's columns
	mark     string // a placeholder
	markInt  string // one for an integer
	slow     string // a query that takes half a minute
	doze     string // a query that takes about 20 ms, of one value
	session  string // the number of one's session at the server; "" if there is none

	commit string // how a transaction is committed, in bytes

	// others counts the sessions in the same database but for one's own.
	others string
}

var wordsOf = map[sqlpool.Dialect]words{
	sqlpool.MySQL: {
		tableEnd: " ENGINE=InnoDB", mark: "?", markInt: "?", commit: "COMMIT",
		slow: "SELECT SLEEP(30)", doze: "SELECT SLEEP(0.02)", session: "SELECT CONNECTION_ID()",
		others: "SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()",
	},
	sqlpool.PostgreSQL: {
		mark: "$1", markInt: "$1::int", commit: "commit",
		slow: "SELECT pg_sleep(30)::text", doze: "SELECT pg_sleep(0.02)::text", session: "SELECT pg_backend_pid()",
		others: "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'",
	},
	sqlpool.SQLite: {
		mark: "?", markInt: "?",
		slow: "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 100000000) SELECT COUNT(*) FROM c",
		doze: fmt.Sprintf("WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < %d) SELECT COUNT(*) FROM c", fewer.Of(150_000)),
	},
}

// inTable puts a table's name for the word TABLE where that is none of SQL's.
func inTable(statement, table string) string {
	statement = strings.ReplaceAll(statement, "TABLE (", table+" (")
	statement = strings.ReplaceAll(statement, "FROM TABLE", "FROM "+table)
	return strings.ReplaceAll(statement, "TABLES TABLE", "TABLES "+table)
}
