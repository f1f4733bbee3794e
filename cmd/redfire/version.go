package main

import (
	"cmp"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func (p *program) versionCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "version",
		Short: p.say(versionShort),
		Args:  between(0, 0),
		RunE: func(*cobra.Command, []string) error {
			if asJSON {
				p.format = formatJSON
			}
			return p.version()
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, p.say(flagJSON))
	return c
}

func (p *program) version() error {
	b := builtFrom()
	return p.print(result{
		columns: []column{
			{"version", colVersion}, {"commit", colCommit}, {"modified", colModified},
			{"go", colGo}, {"os", colOS}, {"arch", colArch},
		},
		rows:   [][]any{{b.version, b.commit, b.modified, runtime.Version(), runtime.GOOS, runtime.GOARCH}},
		single: true,
		prose:  p.say(versionText, b.version, cmp.Or(b.commit, "-"), runtime.Version(), runtime.GOOS, runtime.GOARCH),
	})
}

// built is what the Go command noted in the program when it built it.
type built struct {
	version, commit string
	modified        bool
}

func builtFrom() built {
	b := built{version: "devel"}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		b.version = v
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.commit = s.Value
		case "vcs.modified":
			b.modified = s.Value == "true"
		}
	}
	return b
}
