package redfire

import (
	"cmp"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/redfire-quant/redfire/sqlpool"
)

// poolLabels are those of OpenTelemetry's semantic conventions, and so are the names
// that begin with db.
var poolLabels = []string{"db_client_connection_pool_name", "db_system_name"}

var (
	connectionsDesc = prometheus.NewDesc("db_client_connection_count", "Connections of a pool at present.", append(poolLabels, "state"), nil)

	createTimeDesc = poolDesc("db_client_connection_create_time_seconds", "How long making a connection took.")
	waitTimeDesc   = poolDesc("db_client_connection_wait_time_seconds", "How long callers waited for a connection.")
	useTimeDesc    = poolDesc("db_client_connection_use_time_seconds", "How long connections were lent.")
)

func poolDesc(name, help string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, poolLabels, nil)
}

// A poolFigure is a number that a pool tells.
type poolFigure struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	of   func(*sqlpool.Stats) int64
}

func poolGauge(name, help string, of func(*sqlpool.Stats) int64) poolFigure {
	return poolFigure{poolDesc(name, help), prometheus.GaugeValue, of}
}

func poolCounter(name, help string, of func(*sqlpool.Stats) int64) poolFigure {
	return poolFigure{poolDesc(name, help), prometheus.CounterValue, of}
}

var poolFigures = []poolFigure{
	poolGauge("db_client_connection_idle_min", "Connections that are kept open while nobody uses them.", func(s *sqlpool.Stats) int64 { return int64(s.MinIdle) }),
	poolGauge("db_client_connection_idle_max", "Connections that may be open while nobody uses them.", func(s *sqlpool.Stats) int64 { return int64(s.MaxOpen) }),
	poolGauge("db_client_connection_max", "Connections that may be open.", func(s *sqlpool.Stats) int64 { return int64(s.MaxOpen) }),
	poolGauge("db_client_connection_pending_requests", "Callers that wait for a connection.", func(s *sqlpool.Stats) int64 { return int64(s.Waiting) }),
	poolCounter("db_client_connection_timeouts_total", "Callers that waited for a connection in vain.", func(s *sqlpool.Stats) int64 { return s.Timeouts }),
	poolGauge("redfire_sql_server_max_connections", "Connections that the server lets in altogether, 0 if it has no such limit or was not seen.", func(s *sqlpool.Stats) int64 { return int64(s.Server.MaxConnections) }),
	poolCounter("redfire_sql_connections_opened_total", "Connections that were made.", func(s *sqlpool.Stats) int64 { return s.Opened }),
	poolCounter("redfire_sql_connections_lost_total", "Connections that were found broken.", func(s *sqlpool.Stats) int64 { return s.Lost }),
	poolCounter("redfire_sql_connections_expired_total", "Connections that had reached their age.", func(s *sqlpool.Stats) int64 { return s.Expired }),
	poolCounter("redfire_sql_connections_abandoned_total", "Connections that were given up in the midst of a statement.", func(s *sqlpool.Stats) int64 { return s.Abandoned }),
	poolCounter("redfire_sql_evictions_total", "Times that all connections were replaced.", func(s *sqlpool.Stats) int64 { return s.Evictions }),
	poolCounter("redfire_sql_outages_total", "Times that no connection could be made.", func(s *sqlpool.Stats) int64 { return s.Outages }),
	poolCounter("redfire_sql_leaks_total", "Connections that were held for too long.", func(s *sqlpool.Stats) int64 { return s.Leaks }),
	poolCounter("redfire_sql_resets_total", "Sessions that were made as new.", func(s *sqlpool.Stats) int64 { return s.Resets }),
	poolCounter("redfire_sql_transactions_repeated_total", "Transactions that were run again.", func(s *sqlpool.Stats) int64 { return s.Repeated }),
	poolCounter("redfire_sql_transactions_uncertain_total", "Transactions of which it is not known whether they were committed.", func(s *sqlpool.Stats) int64 { return s.Uncertain }),
}

// pools are what the pools of SQL tell, when Prometheus asks. No server is asked.
type pools struct{ *sqlpool.Pools }

// Describe tells which figures there are.
func (p pools) Describe(ch chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{connectionsDesc, createTimeDesc, waitTimeDesc, useTimeDesc} {
		ch <- desc
	}
	for _, f := range poolFigures {
		ch <- f.desc
	}
}

// Collect tells the figures.
func (p pools) Collect(ch chan<- prometheus.Metric) {
	for _, pool := range p.All() {
		stats := pool.Stats()
		labels := []string{stats.Name, cmp.Or(stats.Server.System, string(stats.Dialect))}
		count := func(n int, state string) {
			ch <- prometheus.MustNewConstMetric(connectionsDesc, prometheus.GaugeValue, float64(n), append(labels, state)...)
		}
		count(stats.Idle, "idle")
		count(stats.InUse, "used")
		for _, f := range poolFigures {
			ch <- prometheus.MustNewConstMetric(f.desc, f.kind, float64(f.of(&stats)), labels...)
		}
		ch <- histogramOf(createTimeDesc, stats.Create, labels)
		ch <- histogramOf(waitTimeDesc, stats.Wait, labels)
		ch <- histogramOf(useTimeDesc, stats.Use, labels)
	}
}

func histogramOf(desc *prometheus.Desc, h sqlpool.Histogram, labels []string) prometheus.Metric {
	buckets := make(map[float64]uint64, len(h.Buckets))
	for _, b := range h.Buckets {
		buckets[b.UpTo.Seconds()] = uint64(b.Count) //nolint:gosec // it counts up from 0
	}
	return prometheus.MustNewConstHistogram(desc, uint64(h.Count), h.Sum.Seconds(), buckets, labels...) //nolint:gosec // it counts up from 0
}
