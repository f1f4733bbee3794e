package answers

import (
	"time"

	"github.com/redfire-quant/redfire/httpapi/problem"
)

// A SQLPool is the connections to one SQL database.
type SQLPool struct {
	Name     string     `json:"name" doc:"The name of the source." example:"main"`
	Engine   string     `json:"engine" doc:"What keeps it." example:"mysqlpool"`
	State    string     `json:"state" enum:"ok,down,unknown" doc:"How it is: unknown until the server was seen."`
	Server   *SQLServer `json:"server,omitempty" doc:"The server as it was last seen."`
	Outage   *SQLOutage `json:"outage,omitempty" doc:"Why no connection can be made at present."`
	MinIdle  int        `json:"min_idle" doc:"Connections that are kept open while nobody uses them."`
	MaxOpen  int        `json:"max_open" doc:"Connections that may be open."`
	Idle     int        `json:"idle" doc:"Connections that nobody uses at present."`
	InUse    int        `json:"in_use" doc:"Connections that somebody has at present."`
	Dialling int        `json:"dialling" doc:"Connections that are being made."`
	Waiting  int        `json:"waiting" doc:"Callers that wait for a connection."`

	Uses      int64 `json:"uses" doc:"How often a connection was lent."`
	Opened    int64 `json:"opened" doc:"Connections that were made."`
	Closed    int64 `json:"closed" doc:"Connections that ended."`
	Expired   int64 `json:"expired" doc:"Of these, connections that had reached their age."`
	Lost      int64 `json:"lost" doc:"Of these, connections that were found broken."`
	Abandoned int64 `json:"abandoned" doc:"Of these, connections that were given up in the midst of a statement."`
	Resets    int64 `json:"resets" doc:"Sessions that were made as new."`
	Timeouts  int64 `json:"timeouts" doc:"Callers that waited in vain."`
	Leaks     int64 `json:"leaks" doc:"Connections that were held for too long."`
	Outages   int64 `json:"outages" doc:"Times that no connection could be made."`
	Evictions int64 `json:"evictions" doc:"Times that all connections were replaced."`
	Repeated  int64 `json:"repeated" doc:"Transactions that were run again."`
	Uncertain int64 `json:"uncertain" doc:"Transactions of which it is not known whether they were committed."`

	Create SQLTimes `json:"create" doc:"How long making a connection took."`
	Wait   SQLTimes `json:"wait" doc:"How long callers waited for a connection."`
	Use    SQLTimes `json:"use" doc:"How long connections were lent."`

	Holders []SQLHolder `json:"holders" doc:"Who has connections at present, the longest first."`
}

// A SQLServer is the server of a pool.
type SQLServer struct {
	System         string `json:"system" doc:"Its name in OpenTelemetry: mysql, mariadb, postgresql or sqlite." example:"mariadb"`
	Version        string `json:"version" doc:"What it says of itself."`
	ReadOnly       string `json:"read_only,omitempty" doc:"Why it takes no writes, in its own terms."`
	MaxConnections int    `json:"max_connections,omitempty" doc:"How many connections it lets in altogether."`
}

// A SQLOutage is why no connection can be made.
type SQLOutage struct {
	Since    time.Time        `json:"since" doc:"When the first attempt failed."`
	Attempts int              `json:"attempts" doc:"How many attempts there were."`
	Error    *problem.Details `json:"error" doc:"Why the last one failed."`
}

// SQLTimes are how long something took.
type SQLTimes struct {
	Count int64   `json:"count" doc:"How often it was done."`
	Sum   float64 `json:"sum_seconds" doc:"How long it took altogether."`
	Mean  float64 `json:"mean_seconds" doc:"How long it took on average."`
}

// A SQLHolder is who has a connection.
type SQLHolder struct {
	Connection uint64  `json:"connection" doc:"The number of the connection in its pool."`
	Label      string  `json:"label,omitempty" doc:"Which part of the program it is."`
	Statement  string  `json:"statement,omitempty" doc:"The last statement, without its values."`
	Held       float64 `json:"held_seconds" doc:"How long it has the connection."`
}

// A SQLStatement is what is known of statements that differ by their values alone.
type SQLStatement struct {
	ID        string  `json:"id,omitempty" doc:"The same for the same statement, always; without one, it is the sum of those that were forgotten since there were too many."`
	Statement string  `json:"statement,omitempty" doc:"Its text without values."`
	Calls     int64   `json:"calls" doc:"How often it was run."`
	Failed    int64   `json:"failed" doc:"How often it failed."`
	Slow      int64   `json:"slow" doc:"How often it took longer than the source's slow."`
	Total     float64 `json:"total_seconds" doc:"How long it took altogether."`
	Mean      float64 `json:"mean_seconds" doc:"How long it took on average."`
	Longest   float64 `json:"longest_seconds" doc:"How long it took at most."`
	Share     float64 `json:"share" doc:"Which part of the time of all statements of the pool it took, from 0 to 1."`
}
