package main

import (
	"context"
	"debug/buildinfo"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// What is built, in these versions.
const (
	ferretModule    = "github.com/FerretDB/FerretDB/v2"
	ferretVersion   = "v2.7.0"
	influx1Module   = "github.com/influxdata/influxdb"
	influx1Version  = "v1.8.3"
	influx2Module   = "github.com/influxdata/influxdb/v2"
	influx2Version  = "v2.7.12"
	influx2Released = "2025-05-20T22:58:10Z"
	fluxModule      = "github.com/influxdata/flux"
	oldestCargo     = "1.72"
)

// thisMachine finds out what plans depend on.
func thisMachine(ctx context.Context, folder string, missing []string) machine {
	m := machine{goos: goos, root: os.Geteuid() == 0, has: had(folder)}
	m.apt = onPath("apt-get")
	m.mmdebstrap = onPath("mmdebstrap")
	m.mirror, m.debian = debianMirror("/")
	if slices.ContainsFunc(missing, func(engine string) bool { return slices.Contains(needs(engine), flux) }) {
		m.compiler = onPath("cc") || onPath("gcc")
		m.cargo = findCargo(ctx)
	}
	return m
}

func onPath(program string) bool {
	_, err := exec.LookPath(program)
	return err == nil
}

// findCargo finds a cargo that is new enough and works: one of rustup's does not
// without a toolchain.
func findCargo(ctx context.Context) string {
	for _, dir := range append(filepath.SplitList(os.Getenv("PATH")), "/usr/bin") {
		name := filepath.Join(dir, "cargo")
		ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
		out, err := exec.CommandContext(ctx, name, "--version").Output()
		cancel()
		if err == nil && newEnough(string(out)) {
			return name
		}
	}
	return ""
}

// newEnough reports whether cargo's answer to --version is that of a good one.
func newEnough(answer string) bool {
	found := regexp.MustCompile(`^cargo (\d+)\.(\d+)`).FindStringSubmatch(answer)
	if found == nil {
		return false
	}
	major, err1 := strconv.Atoi(found[1])
	minor, err2 := strconv.Atoi(found[2])
	return err1 == nil && err2 == nil && (major > 1 || major == 1 && minor >= 72)
}

func (w *work) installMmdebstrap() recipe {
	return func(ctx context.Context, log *os.File) error { return apt(ctx, log, "mmdebstrap") }
}

// installCompilers installs what Flux is compiled with. Stable releases of Debian
// have a Rust that is new enough in packages for their browsers, the others in
// the usual ones.
func (w *work) installCompilers() recipe {
	return func(ctx context.Context, log *os.File) error {
		var lacking []string
		if !w.machine.compiler {
			lacking = []string{"gcc", "libc6-dev"}
		}
		if w.machine.cargo != "" {
			return apt(ctx, log, lacking...)
		}
		err := apt(ctx, log, append(lacking, "rustc-web", "cargo-web")...)
		if err != nil && ctx.Err() == nil {
			err = apt(ctx, log, append(lacking, "rustc", "cargo")...)
		}
		if err == nil && findCargo(ctx) == "" {
			return fmt.Errorf("the cargo that apt-get installs is older than %s", oldestCargo)
		}
		return err
	}
}

// apt installs packages. The lists of packages may be old or not be there, and an
// installation that was interrupted stands in the way of all others.
func apt(ctx context.Context, log *os.File, lacking ...string) error {
	install := append([]string{"apt-get", "install", "-y", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300"}, lacking...)
	err := letFinish(ctx, log, install)
	if err == nil || ctx.Err() != nil {
		return err
	}
	if strings.Contains(tail(log.Name(), 20), "dpkg --configure -a") {
		if err := letFinish(ctx, log, []string{"dpkg", "--configure", "-a"}); err != nil {
			return err
		}
	}
	if err := letFinish(ctx, log, []string{"apt-get", "update"}); err != nil {
		return err
	}
	return letFinish(ctx, log, install)
}

// letFinish runs a program that changes this machine, and waits for it even when
// the run is ended: dpkg leaves a machine to be repaired when it is killed.
func letFinish(ctx context.Context, log *os.File, args []string) error {
	if ctx.Err() != nil {
		return errEnded
	}
	fmt.Fprintf(log, "$ %s\n", strings.Join(args, " "))
	cmd := command{args: args, env: append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")}.cmd(context.WithoutCancel(ctx))
	cmd.Stdout, cmd.Stderr = log, log
	apart(cmd)
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w", args[0], err)
	}
	return nil
}

// bootstrap makes a root with packages of a suite of Debian. It does so in a
// table of mounts and of processes of its own, where that may be: then nothing is
// left mounted or running, however it ends.
func (w *work) bootstrap(name, suite string, include []string) recipe {
	return func(ctx context.Context, log *os.File) error {
		part, err := w.temporary(name)
		if err != nil {
			return err
		}
		root := filepath.Join(part, "root")
		own := []string{"unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"}
		if execute(ctx, log, command{args: append(slices.Clone(own), "true")}) != nil {
			own = nil
		}
		// All of it is made durable at once when it is whole, so dpkg need not do so
		// with each file. The signatures of suites that move on expire within days,
		// and a mirror may be behind.
		args := append(own, "mmdebstrap", "--variant=minbase", "--dpkgopt=force-unsafe-io", `--aptopt=Acquire::Check-Valid-Until "false"`,
			"--include="+strings.Join(include, ","), suite, root, w.machine.mirror)
		if err := execute(ctx, log, command{name: "mmdebstrap", args: args, dir: "/", env: append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")}); err != nil {
			return err
		}
		if err := detach(root); err != nil {
			return err
		}
		return w.publish(ctx, log, root, name)
	}
}

func (w *work) buildFerretDB() recipe {
	return w.install(ferretdb, ferretModule+"/cmd/ferretdb@"+ferretVersion, "-ldflags=-s -w")
}

func (w *work) buildInfluxDB1() recipe {
	// As its release does, and for the same reason: it tells its version to clients.
	flags := "-ldflags=-s -w -X main.version=" + strings.TrimPrefix(influx1Version, "v")
	return w.install(influxd1, influx1Module+"/cmd/influxd@"+influx1Version, flags)
}

// install builds the program name of a package, which names a version of its module.
func (w *work) install(name, pkg, ldflags string) recipe {
	return w.afresh(name, func(ctx context.Context, log *os.File) error {
		part, err := w.temporary(name)
		if err != nil {
			return err
		}
		err = execute(ctx, log, command{
			dir: part, env: w.goEnv("GOBIN=" + part), args: []string{"go", "install", buildFlags, ldflags, pkg},
		})
		if err != nil {
			return err
		}
		program, _, _ := strings.Cut(path.Base(pkg), "@")
		return w.publish(ctx, log, filepath.Join(part, program), "bin/"+name)
	})
}

// buildFlags is the same for all builds, so that they share what they compile. So
// is cgo, which is used where there is a compiler of C.
const buildFlags = "-trimpath"

// goEnv is the environment of builds: the user's, but for what would make them
// build something else. A variable that is empty would be taken from the user's
// configuration of go.
func (w *work) goEnv(more ...string) []string {
	own := []string{"GOFLAGS=-mod=mod", "GOWORK=off", "GO111MODULE=on", "GOCACHE=" + filepath.Join(w.folder, "build", "go"), "PWD="}
	dropped := []string{"GOOS", "GOARCH", "GOBIN", "GOEXPERIMENT", "CGO_ENABLED", "CGO_CFLAGS", "CGO_LDFLAGS", "GOTMPDIR", "GOCACHEPROG",
		"RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_TARGET_DIR", "CARGO_BUILD_TARGET", "MAKEFLAGS", "MFLAGS", "MAKELEVEL"}
	for _, pair := range append(own, more...) {
		name, _, _ := strings.Cut(pair, "=")
		dropped = append(dropped, name)
	}
	env := slices.DeleteFunc(os.Environ(), func(pair string) bool {
		name, _, _ := strings.Cut(pair, "=")
		return slices.Contains(dropped, name)
	})
	return append(append(env, own...), more...)
}

// afresh does a build again without the caches, and first what it stands on, if it
// failed with caches of a run that was ended while it wrote them: a file tells that
// a build is under way. Builds run one after the other, so nobody else uses the
// caches.
func (w *work) afresh(name string, build recipe, standsOn ...recipe) recipe {
	folder := filepath.Join(w.folder, "build")
	underWay := filepath.Join(folder, "underway-"+name)
	return func(ctx context.Context, log *os.File) error {
		broken, err := filepath.Glob(filepath.Join(folder, "underway-*"))
		if err != nil {
			return err
		}
		if err := write(underWay, ""); err != nil {
			return err
		}
		err = build(ctx, log)
		if err != nil && ctx.Err() == nil && len(broken) > 0 {
			fmt.Fprintf(log, "%v: once more, without what an earlier run left\n", err)
			if err := os.RemoveAll(folder); err != nil {
				return err
			}
			for _, first := range append(standsOn, build) {
				if err = first(ctx, log); err != nil {
					break
				}
			}
		}
		if ctx.Err() != nil {
			return err
		}
		return errors.Join(err, os.RemoveAll(underWay))
	}
}

// influx2Tools is the module in which InfluxDB 2 is built: its own has a replace,
// so that go install refuses it.
const influx2Tools = `module tools/influxd

go 1.26

tool github.com/influxdata/influxdb/v2/cmd/influxd

require ` + influx2Module + " " + influx2Version + `

replace github.com/nats-io/nats-streaming-server v0.11.2 => github.com/influxdata/nats-streaming-server v0.11.3-0.20201112040610-c277f7560803
`

// rustcWarn runs a compiler of Rust with warnings left warnings: Flux makes them
// errors, and newer compilers have more of them.
const rustcWarn = `#!/bin/sh
case "$*" in *--cap-lints*) exec "$@" ;; *) exec "$@" --cap-lints=warn ;; esac
`

// influxFolder is where InfluxDB 2 is built.
func (w *work) influxFolder() string { return filepath.Join(w.folder, "build", "influxd") }

// buildFlux compiles the library, in Rust, that InfluxDB 2 is linked with. Its
// users build it by way of a program in the place of pkg-config; done here it is
// a step that can be told and gone on with. It is optimized little: compiled as
// its authors do it takes three times as long.
func (w *work) buildFlux() recipe { return w.afresh(flux, w.compileFlux()) }

func (w *work) compileFlux() recipe {
	return func(ctx context.Context, log *os.File) error {
		dir := w.influxFolder()
		files := []struct{ name, text string }{{"go.mod", influx2Tools}, {"rustc-warn", rustcWarn}}
		for _, f := range files {
			if err := write(filepath.Join(dir, f.name), f.text); err != nil {
				return err
			}
		}
		source, err := w.fluxSource(ctx, log)
		if err != nil {
			return err
		}
		cargo := w.machine.cargo
		if cargo == "" {
			cargo = findCargo(ctx) // the packages are installed now
		}
		env := w.goEnv("RUSTC_WRAPPER="+filepath.Join(dir, "rustc-warn"), "CARGO_INCREMENTAL=0",
			"CARGO_PROFILE_RELEASE_LTO=off", "CARGO_PROFILE_RELEASE_OPT_LEVEL=1", "CARGO_PROFILE_RELEASE_DEBUG=0", "CARGO_PROFILE_RELEASE_BUILD_OVERRIDE_OPT_LEVEL=1")
		if filepath.Dir(cargo) == "/usr/bin" {
			env = append(env, "RUSTC=/usr/bin/rustc") // another may come first on PATH
		}
		err = execute(ctx, log, command{dir: dir, env: env, args: []string{
			cargo, "rustc", "--locked", "--release", "--lib", "--crate-type", "staticlib",
			"--manifest-path", filepath.Join(source, "libflux/flux/Cargo.toml"), "--target-dir", filepath.Join(dir, "flux"),
		}})
		if err != nil {
			return err
		}
		return write(filepath.Join(dir, "pkg-config"), pkgConfig(source, filepath.Join(dir, "flux/release")))
	}
}

// fluxSource returns where the source of the Flux that InfluxDB 2 wants lies.
func (w *work) fluxSource(ctx context.Context, log *os.File) (string, error) {
	answer := filepath.Join(w.influxFolder(), "flux.json")
	out, err := os.Create(answer)
	if err != nil {
		return "", err
	}
	defer out.Close()
	cmd := command{dir: w.influxFolder(), env: w.goEnv(), args: []string{"go", "mod", "download", "-json", fluxModule}}.cmd(ctx)
	cmd.Stdout, cmd.Stderr = out, log
	if err := runToEnd(ctx, cmd); err != nil {
		return "", fmt.Errorf("download Flux: %w", err)
	}
	b, err := os.ReadFile(answer)
	if err != nil {
		return "", err
	}
	var module struct{ Dir string }
	if err := json.Unmarshal(b, &module); err != nil {
		return "", err
	}
	if module.Dir == "" {
		return "", errors.New("go did not say where it put Flux")
	}
	return module.Dir, nil
}

// pkgConfig is a program that go asks for the flags of Flux.
func pkgConfig(source, library string) string {
	quote := func(flag string) string { // for go, and for the shell around it
		return `'"` + strings.ReplaceAll(flag, "'", `'\''`) + `"'`
	}
	return fmt.Sprintf(`#!/bin/sh
case "$*" in
*--cflags*) printf '%%s\n' %s ;;
*--libs*) printf '%%s -lflux -ldl -lm\n' %s ;;
esac
`, quote("-I"+filepath.Join(source, "libflux/include")), quote("-L"+library))
}

func (w *work) buildInfluxDB2() recipe {
	return w.afresh(influxd, func(ctx context.Context, log *os.File) error {
		part, err := w.temporary(influxd)
		if err != nil {
			return err
		}
		dir, program := w.influxFolder(), filepath.Join(part, influxd)
		err = execute(ctx, log, command{
			dir: dir, env: w.goEnv("CGO_ENABLED=1", "PKG_CONFIG="+filepath.Join(dir, "pkg-config")),
			args: []string{
				"go", "build", buildFlags, "-ldflags=-s -w -X main.version=" + influx2Version + " -X main.date=" + influx2Released,
				"-o", program, influx2Module + "/cmd/influxd",
			},
		})
		if err != nil {
			return err
		}
		return w.publish(ctx, log, program, "bin/"+influxd)
	}, w.compileFlux())
}

// write writes a program or file of a build, with its folder.
func write(name, text string) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(name, []byte(text), 0o755)
}

// isBuilt reports whether a program is there that was built from a module.
func isBuilt(name, module string) bool {
	info, err := buildinfo.ReadFile(name)
	return err == nil && info.Main.Path == module
}
