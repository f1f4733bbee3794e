// Package config reads RedFire's settings: one YAML file, overridden by
// REDFIRE_* variables of the environment.
//
// [Load] returns them checked, or an error that lists everything that is
// wrong, each with its file, line and column. Every key has a default, so an
// empty file, or none, is a valid configuration: everything embedded.
//
// [Read] stops one step earlier. The [Layers] it returns know for each key
// where its value comes from and what it overrode; [Layers.Explain] tells.
//
// Secrets come from a file of their own, which a key such as password_file
// names, or from the environment. In the configuration file itself they are
// refused. [Secret] and [URL] never show one when they are printed, logged or
// marshalled.
//
// Relative paths count from the folder of the file that holds them; those
// from the environment, and defaults, from the working directory.
//
// The doc comments of [Config] and the types below it are the reference: docs,
// JSON Schema and the file that "redfire config init" writes are made of them.
package config

//go:generate go run ../internal/docs comments
//go:generate go run ../internal/docs pages

import "github.com/redfire-quant/redfire/market"

// Config is the whole configuration.
type Config struct {
	// Data is the folder where embedded engines and spools keep their files.
	// It is made when it is first needed.
	Data Path `yaml:"data" default:"redfire-data"`

	// Server is the HTTP server of "redfire serve".
	Server Server `yaml:"server"`

	// SQL holds the SQL databases by name. The source "main" always exists.
	SQL map[string]SQL `yaml:"sql" names:"main"`

	// Cache is the cache: memory in front of Redis.
	Cache Cache `yaml:"cache" used:"no"`

	// Series keeps bars, ticks and indicators.
	Series Series `yaml:"series"`

	// Journal keeps logs and the audit trail.
	Journal Journal `yaml:"journal" used:"no"`

	// Calendars holds trading calendars by name. One that has the name of
	// RedFire's own changes it, and with it all that are like it.
	Calendars map[string]Calendar `yaml:"calendars" called:"my_metals"`
}

// Server is the HTTP server.
type Server struct {
	// Listen is the address to listen on, host:port. Anything but a loopback
	// address lets other machines in.
	Listen Address `yaml:"listen" default:"127.0.0.1:8600"`

	// MaxBody is how much a request may bring, unpacked.
	MaxBody Size `yaml:"max_body" default:"256MiB" min:"1KiB" max:"64GiB"`

	// MaxRequests is how many requests are answered at once; the next is asked
	// to come again. Streams of live data do not count.
	MaxRequests int `yaml:"max_requests" default:"256" min:"1" max:"100000"`

	// MaxStreams is how many streams of live data may be open at once.
	MaxStreams int `yaml:"max_streams" default:"1000" min:"1" max:"100000"`

	// Timeout is how long a request may take. One whose client does not read, or
	// does not write, ends after 30 seconds.
	Timeout Duration `yaml:"timeout" default:"10m" min:"1s" max:"1d"`

	// Tokens is the file with the hashed tokens of those who may call the
	// server. Without one, it is the file tokens in the data folder.
	Tokens Path `yaml:"tokens" example:"secrets/tokens"`
}

// SQL is one SQL database and its pool of connections.
type SQL struct {
	// URL is the address of the database. Several hosts of PostgreSQL are
	// divided by commas. Without one, it is an SQLite file of the source's name
	// in the folder sql of the data folder.
	URL URL `yaml:"url" schemes:"mysql postgres postgresql sqlite" example:"mysql://root@localhost:3306/vnpy"`

	// Password is the password of the user that url names.
	Password Secret `yaml:"password"`

	// PasswordFile is a file that holds nothing but the password. It is read
	// again for each connection, so the password may change.
	PasswordFile Path `yaml:"password_file" example:"secrets/mysql"`

	// Replicas are addresses of servers that follow this one and answer reads.
	// They are of the same kind as url.
	Replicas []URL `yaml:"replicas" schemes:"mysql postgres postgresql" example:"[mysql://root@replica1:3306/vnpy]" used:"no"`

	// ReadOnly is whether the database may be one that takes no writes, such as
	// a replica. Otherwise connections to such a one are not used.
	ReadOnly Switch `yaml:"read_only" default:"false"`

	// MinIdle is how many connections are kept open while nobody uses them. If
	// it is not set, it is 1 for SQLite, and max_open where that is less than
	// the default.
	MinIdle int `yaml:"min_idle" default:"15" min:"0" max:"10000"`

	// MaxOpen is how many connections may be open at once.
	MaxOpen int `yaml:"max_open" default:"30" min:"1" max:"10000"`

	// WaitTimeout is how long a call waits for a connection when all are in
	// use.
	WaitTimeout Duration `yaml:"wait_timeout" default:"5s" min:"1ms" max:"1h"`

	// ConnectTimeout is how long making a connection may take.
	ConnectTimeout Duration `yaml:"connect_timeout" default:"3s" min:"1ms" max:"1h"`

	// MaxLifetime is how long a connection is used, less up to a tenth of it by
	// chance.
	MaxLifetime Duration `yaml:"max_lifetime" default:"30m" min:"1s" max:"52w"`

	// MaxIdleTime is how long a connection beyond min_idle may lie idle.
	MaxIdleTime Duration `yaml:"max_idle_time" default:"10m" min:"1s" max:"52w"`

	// MaxDials is how many connections may be made in a second.
	MaxDials int `yaml:"max_dials" default:"100" min:"1" max:"10000"`

	// Prepare is whether statements are prepared at the server, and kept:
	// cached. PgBouncer and ProxySQL give each transaction another connection:
	// with them it is none.
	Prepare Word `yaml:"prepare" words:"cached none" default:"cached"`

	// Reset is when a session is made as new: always when its connection comes
	// back, or only if it was changed, by SET, LISTEN, LOCK or the like.
	Reset Word `yaml:"reset" words:"changed always" default:"changed"`

	// OnConnect are statements that each new connection runs first.
	OnConnect []Statement `yaml:"on_connect" example:"[SET lock_wait_timeout = 10]"`

	// Application is what connections call themselves at the server.
	Application Label `yaml:"application" default:"redfire"`

	// Slow is how long a statement may take before it is logged. 0s logs none.
	Slow Duration `yaml:"slow" default:"500ms" min:"0s"`

	// LeakAfter is how long a connection may be held before its holder is named
	// in the log. 0s names none.
	LeakAfter Duration `yaml:"leak_after" default:"1m" min:"0s"`

	// TLS is the encryption of the connections.
	TLS TLS `yaml:"tls"`
}

// TLS is the encryption of connections to a server.
type TLS struct {
	// CAFile is a file of certificates, in PEM, of those who vouch for the
	// server. Without one the connection is made as the address says.
	CAFile Path `yaml:"ca_file" example:"certs/ca.pem"`
}

// Cache is the cache in memory and in Redis.
type Cache struct {
	// Redis is the address of Redis: a single server, a Sentinel group or a
	// cluster. Without one, the cache is in memory alone.
	Redis URL `yaml:"redis" schemes:"redis rediss redis+sentinel rediss+sentinel redis+cluster rediss+cluster" example:"redis://localhost:6379/0"`

	// Password is the password of Redis.
	Password Secret `yaml:"password"`

	// PasswordFile is a file that holds nothing but the password.
	PasswordFile Path `yaml:"password_file" example:"secrets/redis"`

	// Memory is how much memory the cache may fill on this machine.
	Memory Size `yaml:"memory" default:"256MiB" min:"1MiB"`

	// Namespaces holds the settings of parts of the cache by name.
	Namespaces map[string]Namespace `yaml:"namespaces" called:"user_data"`
}

// Namespace is a part of the cache with settings of its own.
type Namespace struct {
	// TTL is how long a value may be served after it was set.
	TTL Duration `yaml:"ttl" default:"1h" min:"1ms" max:"52w"`
}

// Series is the store of bars, ticks and indicators.
type Series struct {
	// URL is the address of another RedFire's server, or of InfluxDB with the
	// organisation and the bucket. Without one, the series are kept in the data
	// folder. There is no engine for InfluxDB yet.
	URL URL `yaml:"url" schemes:"http https influx influxs" example:"influx://localhost:8086?org=redfire&bucket=market"`

	// Token is the token that the server asks for.
	Token Secret `yaml:"token"`

	// TokenFile is a file that holds nothing but the token.
	TokenFile Path `yaml:"token_file" example:"secrets/influx"`

	// Cache is how much memory the embedded engine may fill with rows that were
	// read more than once, as they are when they are unpacked. 0B keeps none.
	Cache Size `yaml:"cache" default:"64MiB" min:"0B"`
}

// Journal is the store of logs and of the audit trail.
type Journal struct {
	// URL is the address of MongoDB. Without one, the journal is an SQLite
	// file in the data folder.
	URL URL `yaml:"url" schemes:"mongodb mongodb+srv" example:"mongodb://localhost:27017/redfire"`

	// Password is the password of the user that url names.
	Password Secret `yaml:"password"`

	// PasswordFile is a file that holds nothing but the password.
	PasswordFile Path `yaml:"password_file" example:"secrets/mongodb"`

	// Retention is how long log entries are kept, by their level. The audit
	// trail is not deleted by age.
	Retention Retention `yaml:"retention"`
}

// Retention is how long log entries are kept.
type Retention struct {
	// Debug is how long entries of level DEBUG are kept.
	Debug Duration `yaml:"debug" default:"7d" min:"1h"`

	// Info is how long entries of level INFO are kept.
	Info Duration `yaml:"info" default:"30d" min:"1h"`

	// Warn is how long entries of level WARN are kept.
	Warn Duration `yaml:"warn" default:"180d" min:"1h"`

	// Error is how long entries of level ERROR are kept.
	Error Duration `yaml:"error" default:"365d" min:"1h"`
}

// Calendar is a trading calendar. What is not said is as in the calendar that
// it is like or that it changes.
type Calendar struct {
	// Like is the name of the calendar from which this one differs; "redfire
	// calendar show" lists them. Without one, this one says everything itself.
	Like CalendarName `yaml:"like" example:"shfe_au"`

	// Symbols are patterns of the symbols that have this calendar: * stands
	// for any text and ? for one character.
	Symbols []Pattern `yaml:"symbols" example:"[XAU*.LOCAL]"`

	// Zone is the time zone of the exchange's clock.
	Zone Zone `yaml:"zone" example:"Asia/Shanghai"`

	// Weekdays are the days of the week on which there is trading as a rule.
	Weekdays market.Weekdays `yaml:"weekdays" example:"mon-fri"`

	// Known are the days for which the calendar is known, from the first to
	// the last; one that is left out stays as it is. Outside of them it tells
	// nothing.
	Known market.Dates `yaml:"known" example:"..2027-12-31"`

	// Closed are days without trading, single ones or 2027-02-05..2027-02-12.
	Closed []market.Dates `yaml:"closed" example:"[2027-01-01]"`

	// Open are days with trading that would have none otherwise.
	Open []market.Dates `yaml:"open" example:"[2027-01-09]"`

	// Hours are the sessions by the exchange's clock, and before them the
	// trading days that have them. Where several have a day the later one
	// counts. Sessions behind "night" are on the evening of the trading day
	// before, those behind "eve" on the date before.
	Hours []market.Hours `yaml:"hours" example:"[2020-01-01.. night 21:00-25:00 day 09:00-10:15 10:30-11:30 13:30-15:00]"`

	// NoNight are trading days whose night session is not held.
	NoNight []market.Dates `yaml:"no_night" example:"[2020-02-03..2020-05-06]"`

	// Auction is how long before the first session of the night, and of the
	// day, an opening auction begins: what is traded then belongs to the first
	// bar.
	Auction Duration `yaml:"auction" min:"1ms" max:"1h" example:"5m"`

	// Closing is how long after the end of a session what was traded in it may
	// still be told: it belongs to the last bar.
	Closing Duration `yaml:"closing" min:"1ms" max:"1h" example:"1m"`
}
