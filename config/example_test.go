package config_test

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/redfire-quant/redfire/config"
	"github.com/redfire-quant/redfire/fault"
)

// A program reads its settings once, when it starts.
func ExampleLoad() {
	file, done := exampleFile(`
sql:
  main:
    url: mysql://root@localhost:3306/vnpy
    max_open: 50
`)
	defer done()

	c, err := config.Load(&config.Options{
		File: file,
		Env:  []string{"REDFIRE_SQL__MAIN__PASSWORD=from-the-environment"}, // nil means os.Environ
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	main := c.SQL["main"]
	fmt.Println(main.URL, main.MaxOpen)
	fmt.Println("printed:", main.Password)
	fmt.Println("for the driver:", string(main.Password))
	fmt.Println("defaults:", main.MinIdle, c.Cache.Memory, c.Journal.Retention.Info)
	// Output:
	// mysql://root@localhost:3306/vnpy 50
	// printed: [redacted]
	// for the driver: from-the-environment
	// defaults: 15 256MiB 30d
}

// Everything that is wrong is told at once.
func ExampleLoad_everythingThatIsWrong() {
	file, done := exampleFile(`
sql:
  main:
    url: mysql://root:hunter2@localhost/vnpy
    max_opne: 50
journal:
  retention: { debug: 7 }
`)
	defer done()

	_, err := config.Load(&config.Options{File: file, Env: []string{"REDFIRE_CACHE__MEMORY=1KiB"}})
	list, _ := err.(fault.List)
	for _, err := range list {
		p, _ := fault.PlaceOf(err)
		fmt.Printf("%s line %d column %d: %s\n", fault.CodeOf(err), p.Line, p.Column, p.Field)
	}
	// Output:
	// RF-CFG-009 line 4 column 10: sql.main.url
	// RF-CFG-003 line 5 column 5: sql.main.max_opne
	// RF-CFG-007 line 7 column 23: journal.retention.debug
	// RF-CFG-008 line 0 column 0: cache.memory
}

// Read tells where each value comes from, also while some are wrong.
func ExampleRead() {
	file, done := exampleFile("server: { listen: nonsense }\n")
	defer done()

	l, err := config.Read(&config.Options{File: file, Env: []string{}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(filepath.Base(l.File()))
	_, err = l.Config()
	fmt.Println(fault.CodeOf(err))
	// Output:
	// redfire.yaml
	// RF-CFG-007
}

func ExampleLayers_Explain() {
	file, done := exampleFile(`
sql:
  main:
    url: mysql://root@localhost:3306/vnpy
`)
	defer done()

	l, err := config.Read(&config.Options{File: file, Env: []string{"REDFIRE_SQL__MAIN__URL=mysql://trader:hunter2@db1,db2/vnpy"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	explained, err := l.Explain("sql.main.url")
	if err != nil {
		fmt.Println(err)
		return
	}
	e := explained[0]
	fmt.Println(e.Path, "=", e.Value)
	fmt.Println("from", e.Origin.File)
	fmt.Println("instead of", e.Overrode[0].Value, "in line", e.Overrode[0].Origin.Line)
	_, err = l.Explain("sql.main.uri")
	fmt.Println(err)
	// Output:
	// sql.main.url = mysql://trader:[redacted]@db1,db2/vnpy
	// from REDFIRE_SQL__MAIN__URL
	// instead of mysql://root@localhost:3306/vnpy in line 4
	// config: explain sql.main.uri: unknown key "uri"; did you mean "url"?
}

func ExampleKeys() {
	for _, k := range config.Keys() {
		if k.Max != "" && k.Default != "" {
			fmt.Printf("%s is a %s from %s to %s, by default %s\n", k.Path, k.Type, k.Min, k.Max, k.Default)
		}
	}
	// Output:
	// server.max_body is a size from 1KiB to 64GiB, by default 256MiB
	// server.max_requests is a whole number from 1 to 100000, by default 256
	// server.max_streams is a whole number from 1 to 100000, by default 1000
	// server.timeout is a duration from 1s to 1d, by default 10m
	// sql.NAME.min_idle is a whole number from 0 to 10000, by default 15
	// sql.NAME.max_open is a whole number from 1 to 10000, by default 30
	// sql.NAME.wait_timeout is a duration from 1ms to 1h, by default 5s
	// sql.NAME.connect_timeout is a duration from 1ms to 1h, by default 3s
	// sql.NAME.max_lifetime is a duration from 1s to 52w, by default 30m
	// sql.NAME.max_idle_time is a duration from 1s to 52w, by default 10m
	// sql.NAME.max_dials is a whole number from 1 to 10000, by default 100
	// cache.namespaces.NAME.ttl is a duration from 1ms to 52w, by default 1h
}

// exampleFile writes text into a file and returns its path and what takes it
// away.
func exampleFile(text string) (file string, done func()) {
	dir, err := os.MkdirTemp("", "redfire")
	if err != nil {
		panic(err)
	}
	file = filepath.Join(dir, "redfire.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		panic(err)
	}
	return file, func() { _ = os.RemoveAll(dir) }
}
