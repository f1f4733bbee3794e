package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/redfire-quant/redfire"
	"github.com/redfire-quant/redfire/config"
	"github.com/redfire-quant/redfire/httpapi"
	"github.com/redfire-quant/redfire/marketfile"
	"github.com/redfire-quant/redfire/series"
)

// bothWaysVariable makes the program of the scripts run what it can both ways.
const bothWaysVariable = "REDFIRE_TEST_BOTH_WAYS"

// TestScriptsDoTheSameByAServer runs the sessions again. Each command that works on
// stored series is done twice, on two copies of the folder: by the files, and by a
// server with --server. Output, exit code and what is stored afterwards must be the
// same, or the command fails, and the session with it.
func TestScriptsDoTheSameByAServer(t *testing.T) {
	count := filepath.Join(t.TempDir(), "count")
	t.Run("scripts", func(t *testing.T) {
		testscript.Run(t, testscript.Params{
			Files: sessionsOnSeries(t),
			Setup: func(e *testscript.Env) error {
				e.Setenv(bothWaysVariable, count)
				return setUp(e)
			},
			Cmds: map[string]func(*testscript.TestScript, bool, []string){
				"exits": exits, "fill": fill, "hold": hold, "damage": damage,
			},
		})
	})
	if t.Failed() {
		return
	}
	text, err := os.ReadFile(count)
	if err != nil {
		t.Fatal(err)
	}
	compared := map[string]int{}
	for line := range strings.Lines(string(text)) {
		compared[strings.TrimSpace(line)]++
	}
	t.Logf("compared both ways: %v", compared)
	for _, name := range []string{"bars import", "bars export", "bars ls", "bars get", "bars rm", "bars resample", "bars gaps", "bars coverage", "bars profile", "bars verify", "ticks import", "ticks get", "ticks bars", "ticks profile"} {
		if compared[name] == 0 {
			t.Errorf("no session does %q both ways", name)
		}
	}
}

// sessionsOnSeries returns the scripts that work on stored series.
func sessionsOnSeries(t *testing.T) []string {
	t.Helper()
	all, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(all, func(name string) bool {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return !bytes.Contains(text, []byte("redfire bars")) && !bytes.Contains(text, []byte("redfire ticks"))
	})
}

// mainBothWays is the program of the scripts. What differs between the two ways is
// exit code 99.
func mainBothWays() {
	count := os.Getenv(bothWaysVariable)
	args := os.Args[1:]
	if count == "" || !worksOnSeries(args) {
		main()
		return
	}
	code, err := bothWays(context.Background(), count, args)
	if err != nil {
		fmt.Fprintln(os.Stderr, "both ways:", err)
		code = 99
	}
	os.Exit(code) //nolint:revive // it stands in the stead of main
}

// worksOnSeries reports whether args are a command that a server can do.
func worksOnSeries(args []string) bool {
	if len(args) < 2 || args[0] != "bars" && args[0] != "ticks" || slices.Contains(args, "--server") {
		return false
	}
	return slices.Contains([]string{"import", "export", "ls", "get", "rm", "resample", "bars", "gaps", "coverage", "profile", "verify"}, args[1])
}

// An outcome is what came of a command.
type outcome struct {
	code     int
	out, err string
	stored   string // a digest of what is stored afterwards
}

func bothWays(ctx context.Context, count string, args []string) (code int, err error) {
	c, ok := configOf(args)
	if ok {
		before, err := digest(ctx, c, string(c.Data))
		if err != nil {
			return 0, err
		}
		ok = before != unopened && !isTerminal(os.Stdin) // an answer is typed once
	}
	if !ok {
		return runAs(ctx, args).tell(), nil // the command has something to say of it
	}
	here, err := os.Getwd()
	if err != nil {
		return 0, err
	}
	copied, err := os.MkdirTemp(filepath.Dir(count), "both")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(copied)) }()
	if err := os.CopyFS(copied, os.DirFS(here)); err != nil {
		return 0, err
	}
	data := string(c.Data)
	if !filepath.IsAbs(data) {
		data = filepath.Join(copied, data)
	} else if way, err := filepath.Rel(here, data); err == nil && filepath.IsLocal(way) {
		data = filepath.Join(copied, way)
	} else {
		return runAs(ctx, args).tell(), nil // it is not of this session
	}
	if err := os.Chdir(copied); err != nil {
		return 0, err
	}
	far, err := byServer(ctx, c, data, args)
	if err == nil {
		err = os.Chdir(here)
	}
	if err != nil {
		return 0, err
	}
	near := runAs(ctx, args)
	if near.stored, err = digest(ctx, c, string(c.Data)); err != nil {
		return 0, err
	}
	if err := note(count, args[0]+" "+args[1]); err != nil {
		return 0, err
	}
	return near.tell(), near.compare(far)
}

// note appends a line to a file that several processes write.
func note(file, line string) error {
	f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(line + "\n")
	return errors.Join(err, f.Close())
}

// configOf returns the configuration of a command, if it works on a store in a
// folder that exists.
func configOf(args []string) (*config.Config, bool) {
	p := &program{in: os.Stdin, out: io.Discard, err: io.Discard, env: os.Environ()}
	for i, arg := range args {
		for flag, value := range map[string]*string{"--data": &p.data, "--config": &p.config} {
			if text, ok := strings.CutPrefix(arg, flag+"="); ok {
				*value = text
			} else if arg == flag && i+1 < len(args) {
				*value = args[i+1]
			}
		}
	}
	c, err := p.seriesConfig()
	if err != nil || c.Series.URL != "" || checkStore(redfire.SeriesFolder(c), true) != nil {
		return nil, false
	}
	return c, true
}

// byServer does a command by a server over the store in a folder.
func byServer(ctx context.Context, c *config.Config, data string, args []string) (o outcome, err error) {
	served := *c
	local := filepath.Join(string(c.Data), "series")
	served.Data, served.SQL = config.Path(data), nil
	d, err := redfire.Open(ctx, &served, nil)
	if err != nil {
		return runAs(ctx, args), nil //nolint:nilerr // a store that cannot be opened cannot be served
	}
	s, err := httpapi.New(d, nil)
	if err != nil {
		return o, errors.Join(err, d.Close())
	}
	listener := httptest.NewServer(s)
	o = runAs(ctx, withServer(args, listener.URL))
	s.Stop()
	listener.Close()
	if err := d.Close(); err != nil {
		return o, err
	}
	for _, text := range []*string{&o.out, &o.err} {
		*text = strings.ReplaceAll(*text, listener.URL, local)
		*text = strings.ReplaceAll(*text, data, string(c.Data))
	}
	o.stored, err = digest(ctx, &served, data)
	return o, err
}

// withServer returns args with the server instead of the folder.
func withServer(args []string, url string) []string {
	var left []string
	for i := 0; i < len(args); i++ {
		switch {
		case args[i] == "--data":
			i++
		case strings.HasPrefix(args[i], "--data="):
		default:
			left = append(left, args[i])
		}
	}
	return slices.Insert(left, 2, "--server", url)
}

func runAs(ctx context.Context, args []string) outcome {
	var out, told bytes.Buffer
	p := &program{in: os.Stdin, out: &out, err: &told, env: os.Environ()}
	code := p.run(ctx, args)
	return outcome{code: code, out: out.String(), err: told.String()}
}

// tell writes what a command said, and returns its exit code.
func (o outcome) tell() int {
	fmt.Fprint(os.Stdout, o.out)
	fmt.Fprint(os.Stderr, o.err)
	return o.code
}

// vague is what differs from run to run: how long something took, where a copy of
// the store is and how wide its name makes a column, and where ticks are sorted,
// which is beside the store or else where this machine has its temporary files.
var vague = regexp.MustCompile(`\S*/sort-[0-9]+|\S*\bseries/|\S*/series\b|  +|[0-9.]+ s\b|[0-9]+ rows/s|"seconds": ?[0-9.e-]+|,[0-9.e-]+$|[0-9.]+ 秒|每秒 [0-9]+ 行`)

func (o outcome) compare(far outcome) error {
	same := func(what, near, far string) error {
		if vague.ReplaceAllString(near, "~") == vague.ReplaceAllString(far, "~") {
			return nil
		}
		return fmt.Errorf("%s differs.\nby the files:\n%s\nby a server:\n%s", what, near, far)
	}
	return errors.Join(
		same("the exit code", fmt.Sprint(o.code), fmt.Sprint(far.code)),
		same("the result", o.out, far.out),
		same("what is said", o.err, far.err),
		same("what is stored", o.stored, far.stored),
	)
}

// unopened stands for a store that cannot be opened: another process holds it.
const unopened = "cannot be opened"

// digest returns what stands for all that is stored.
func digest(ctx context.Context, c *config.Config, data string) (string, error) {
	again := *c
	again.Data, again.SQL = config.Path(data), nil
	d, err := redfire.Open(ctx, &again, nil)
	if err != nil {
		return unopened, nil
	}
	defer d.Close()
	hash := sha256.New()
	for about, err := range d.Series.Overview(ctx, series.Filter{}) {
		if err == nil {
			err = dump(ctx, hash, d.Series, about)
		}
		if err != nil {
			return err.Error(), nil
		}
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

// dump writes everything of a series.
func dump(ctx context.Context, w io.Writer, s *series.Store, about series.Overview) error {
	text, err := json.Marshal(about)
	if err != nil {
		return err
	}
	if _, err := w.Write(text); err != nil {
		return err
	}
	rows, err := marketfile.NewEncoder(w, about.Key.Kind, []series.Overview{about}, &marketfile.EncodeOptions{Format: marketfile.NDJSON})
	if err != nil {
		return err
	}
	for f, err := range s.Read(ctx, series.Query{Keys: []series.Key{about.Key}}) {
		if err == nil {
			err = rows.Write(f)
		}
		if err != nil {
			return err
		}
	}
	return rows.Close()
}
