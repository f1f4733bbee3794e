package redfire

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics are what is told to Prometheus.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.HistogramVec
	inFlight prometheus.Gauge
	streams  prometheus.Gauge
	sent     prometheus.Counter
}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "redfire_http_request_duration_seconds", Help: "How long requests took, to the last byte.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 60},
		}, []string{"method", "route", "status"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{Name: "redfire_http_requests_in_flight", Help: "Requests that are being answered."}),
		streams:  prometheus.NewGauge(prometheus.GaugeOpts{Name: "redfire_http_streams", Help: "Streams of live data that are open."}),
		sent:     prometheus.NewCounter(prometheus.CounterOpts{Name: "redfire_http_response_bytes_total", Help: "Bytes of answers that were sent, without headers."}),
	}
	m.registry.MustRegister(m.requests, m.inFlight, m.streams, m.sent, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// observe adds the figures of the stores.
func (m *metrics) observe(d *Data) { m.registry.MustRegister(&stores{d}, pools{d.SQL}) }

// stores is what the stores tell, when Prometheus asks.
type stores struct{ data *Data }

var (
	upDesc           = prometheus.NewDesc("redfire_source_up", "Whether a source is as it should be (1) or down (0).", []string{"source", "engine"}, nil)
	writesDesc       = prometheus.NewDesc("redfire_series_writes_total", "Calls that wrote, replaced or deleted rows of series.", nil, nil)
	rowsWrittenDesc  = prometheus.NewDesc("redfire_series_rows_written_total", "Rows of series that were accepted.", nil, nil)
	readsDesc        = prometheus.NewDesc("redfire_series_reads_total", "Reads of series.", nil, nil)
	rowsReadDesc     = prometheus.NewDesc("redfire_series_rows_read_total", "Rows of series that were read.", nil, nil)
	seriesFailedDesc = prometheus.NewDesc("redfire_series_failures_total", "Reads and writes of series that ended with an error.", nil, nil)
	cacheBytesDesc   = prometheus.NewDesc("redfire_series_cache_bytes", "Memory of the rows of the embedded store that are kept unpacked.", nil, nil)
	cacheReadsDesc   = prometheus.NewDesc("redfire_series_cache_reads_total", "Chunks of the embedded store that were read, and whether they were kept unpacked.", []string{"kept"}, nil)
)

// Describe tells which figures there are.
func (s *stores) Describe(ch chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{upDesc, writesDesc, rowsWrittenDesc, readsDesc, rowsReadDesc, seriesFailedDesc, cacheBytesDesc, cacheReadsDesc} {
		ch <- desc
	}
}

// Collect tells the figures.
func (s *stores) Collect(ch chan<- prometheus.Metric) {
	for _, about := range s.data.seen(context.Background()) {
		up := 0.0
		if about.State == OK {
			up = 1
		}
		ch <- prometheus.MustNewConstMetric(upDesc, prometheus.GaugeValue, up, about.Name, about.Engine)
	}
	count := func(desc *prometheus.Desc, n int64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(desc, prometheus.CounterValue, float64(n), labels...)
	}
	stats := s.data.Series.Stats()
	count(writesDesc, stats.Writes)
	count(rowsWrittenDesc, stats.RowsWritten)
	count(readsDesc, stats.Reads)
	count(rowsReadDesc, stats.RowsRead)
	count(seriesFailedDesc, stats.Failures)
	if local := s.data.local; local != nil {
		stats := local.Stats()
		ch <- prometheus.MustNewConstMetric(cacheBytesDesc, prometheus.GaugeValue, float64(stats.CacheBytes))
		count(cacheReadsDesc, stats.CacheHits, "true")
		count(cacheReadsDesc, stats.CacheMisses, "false")
	}
}

// Metrics serves the figures to Prometheus.
func (d *Data) Metrics() http.Handler {
	return promhttp.HandlerFor(d.metrics.registry, promhttp.HandlerOpts{Registry: d.metrics.registry})
}

// Registry is where a program may register figures of its own.
func (d *Data) Registry() prometheus.Registerer { return d.metrics.registry }

// A Request is a request of HTTP that was answered.
type Request struct {
	Method, Route, Status string
	Took                  time.Duration
	Bytes                 int64
}

// RequestBegins notes that a request is being answered, and returns what notes its
// end. It is called by the server of package httpapi.
func (d *Data) RequestBegins() (ends func(Request)) {
	d.metrics.inFlight.Inc()
	return func(r Request) {
		d.metrics.inFlight.Dec()
		d.metrics.sent.Add(float64(r.Bytes))
		d.metrics.requests.WithLabelValues(r.Method, r.Route, r.Status).Observe(r.Took.Seconds())
	}
}

// StreamBegins notes that a stream of live data is open, and returns what notes
// its end.
func (d *Data) StreamBegins() (ends func()) {
	d.metrics.streams.Inc()
	return d.metrics.streams.Dec
}
