package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/series"
	"github.com/redfire-quant/redfire/series/localseries"
)

func (p *program) verifyCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "verify",
		Short: p.say(verifyShort),
		Long:  p.say(verifyLong) + "\n\n" + p.say(wholeStore),
		Args:  between(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			return p.withSeries(c.Context(), func(o *opened) error { return p.verify(c.Context(), o) })
		},
	}
}

var damageColumns = []column{
	{"file", colFile}, {"offset", colOffset}, {"series", colSeries}, {"from", colFirst}, {"to", colLast}, {"error", colError},
}

// verify lists what is damaged. That there is something is an error.
func (p *program) verify(ctx context.Context, o *opened) error {
	r := result{columns: damageColumns}
	for d, err := range o.data.Verify(ctx) {
		if err != nil {
			return err
		}
		r.rows = append(r.rows, p.damageRow(d))
	}
	if len(r.rows) == 0 {
		r.prose = p.say(verified, o.path)
	}
	if err := p.print(r); err != nil || len(r.rows) == 0 {
		return err
	}
	return fault.DiskDamaged.Errorf("damaged places in %s: %d", o.path, len(r.rows))
}

// damageRow tells what is damaged, and which rows stood there if that is known.
func (p *program) damageRow(d series.Damage) []any {
	row := []any{d.File, d.Offset, nil, nil, nil, fault.Message(d.Err, p.lang)}
	if d.Key.Kind != 0 {
		row[2] = d.Key.String()
		to := d.Range.To
		if p.format == formatTable && to != 0 {
			to-- // the last time, and not the end of the range
		}
		row[3], row[4] = p.timeCell(d.Range.From, time.UTC, false), p.timeCell(to, time.UTC, false)
	}
	return row
}

func (p *program) backupCommand() *cobra.Command {
	return p.folderCommand(&cobra.Command{
		Use:     "backup DIR",
		Short:   p.say(backupShort),
		Long:    p.say(backupLong) + "\n\n" + p.say(wholeStore),
		Example: "  redfire bars backup /backup/2026-01-05",
	}, p.backup)
}

func (p *program) backup(ctx context.Context, dir string) error {
	if _, err := p.seriesPath(); err != nil {
		return err
	}
	return p.withSeries(ctx, func(o *opened) error {
		if err := isOutside(dir, o.path); err != nil {
			return err
		}
		if err := inNewFolder(dir, o.path, func() error { return o.engine.Backup(ctx, dir) }); err != nil {
			return err
		}
		return p.printHeld(ctx, o, dir, backedUp)
	})
}

func (p *program) restoreCommand() *cobra.Command {
	return p.folderCommand(&cobra.Command{
		Use:     "restore DIR",
		Short:   p.say(restoreShort),
		Long:    p.say(restoreLong) + "\n\n" + p.say(wholeStore),
		Example: "  redfire bars restore /backup/2026-01-05",
	}, p.restore)
}

func (p *program) restore(ctx context.Context, dir string) error {
	path, err := p.seriesPath()
	if err != nil {
		return err
	}
	if files, err := filesIn(dir); err != nil {
		return err
	} else if !slices.ContainsFunc(files, ofStore) {
		return fault.CommandNoStore.Errorf("%s is no backup of a store of series", dir)
	}
	if files, err := filesIn(path); err != nil {
		return err
	} else if len(files) > 0 {
		return fault.DiskNotEmpty.Errorf("%s is in use; name another data folder, or move it away first", path)
	}
	if err := isOutside(path, dir); err != nil {
		return err
	}
	if err := inNewFolder(path, dir, func() error { return localseries.Restore(ctx, dir, path) }); err != nil {
		return err
	}
	return p.withSeries(ctx, func(o *opened) error { return p.printHeld(ctx, o, path, restored) })
}

// printHeld tells of how much there is a copy in a folder.
func (p *program) printHeld(ctx context.Context, o *opened, folder string, text message) error {
	count, rows, err := held(ctx, o.Store)
	if err != nil {
		return err
	}
	return p.print(result{
		columns: []column{{"folder", message{}}, {"series", message{}}, {"rows", message{}}},
		rows:    [][]any{{folder, count, rows}},
		single:  true,
		prose:   p.say(text, count, rows, folder),
	})
}

// held returns how many series and rows there are in a store.
func held(ctx context.Context, s *series.Store) (count int, rows int64, err error) {
	for about, err := range s.Overview(ctx, series.Filter{}) {
		if err != nil {
			return 0, 0, err
		}
		count, rows = count+1, rows+about.Count
	}
	return count, rows, nil
}

func (p *program) salvageCommand() *cobra.Command {
	return p.folderCommand(&cobra.Command{
		Use:     "salvage DIR",
		Short:   p.say(salvageShort),
		Long:    p.say(salvageLong) + "\n\n" + p.say(wholeStore),
		Example: "  redfire bars salvage saved\n  redfire bars restore saved --data redfire-data-new",
	}, p.salvage)
}

func (p *program) salvage(ctx context.Context, dir string) error {
	path, err := p.seriesPath()
	if err != nil {
		return err
	}
	if err := checkStore(path, true); err != nil {
		return err
	}
	if err := isOutside(dir, path); err != nil {
		return err
	}
	var found localseries.Salvaged
	var count int
	var rows int64
	err = inNewFolder(dir, path, func() (err error) {
		if found, err = localseries.Salvage(ctx, path, dir); err != nil {
			return err
		}
		s, err := localseries.Open(dir, nil)
		if err != nil {
			return err
		}
		count, rows, err = held(ctx, s)
		return together(err, s.Close())
	})
	if err != nil {
		return err
	}
	return p.printSalvaged(dir, count, rows, found.Lost)
}

// printSalvaged tells what a new store has, and what was lost.
func (p *program) printSalvaged(dir string, count int, rows int64, losses []series.Damage) error {
	lost := make([]fields, len(losses))
	for i, d := range losses {
		lost[i] = record(damageColumns, p.damageRow(d))
	}
	text := p.say(salvaged, count, rows, dir, len(lost))
	for _, d := range losses {
		text += "\n" + p.say(salvageLost, fault.Message(d.Err, p.lang), lostRows(d))
	}
	return p.print(result{
		columns: []column{{"folder", message{}}, {"series", message{}}, {"rows", message{}}, {"lost", message{}}},
		rows:    [][]any{{dir, count, rows, lost}},
		single:  true,
		prose:   text,
	})
}

func lostRows(d series.Damage) string {
	if d.Key.Kind == 0 {
		return "?"
	}
	return d.Key.String() + " " + d.Range.String()
}

// folderCommand makes c a command that does something with the folder that it is
// given.
func (p *program) folderCommand(c *cobra.Command, do func(ctx context.Context, dir string) error) *cobra.Command {
	c.Args = between(1, 1)
	c.RunE = func(c *cobra.Command, args []string) error {
		if args[0] == "" {
			return fault.CommandUsage.Errorf("%s: an argument is missing: %s", c.CommandPath(), c.UseLine())
		}
		if err := wantFolder(args[0]); err != nil {
			return err
		}
		return do(c.Context(), args[0])
	}
	c.ValidArgsFunction = func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return nil, cobra.ShellCompDirectiveFilterDirs
	}
	return c
}

// isOutside returns an error if dir lies in the folder of a store: it would be
// copied into itself.
func isOutside(dir, store string) error {
	a, err := filepath.Abs(dir)
	if err != nil {
		return fault.DiskFailed.Errorf("%w", err)
	}
	b, err := filepath.Abs(store)
	if err != nil {
		return fault.DiskFailed.Errorf("%w", err)
	}
	if way, err := filepath.Rel(b, a); err == nil && way != ".." && !strings.HasPrefix(way, ".."+string(filepath.Separator)) {
		return fault.CommandFolder.Errorf("%s lies within %s", dir, store)
	}
	return nil
}

// inNewFolder makes a copy of from in a folder. If that fails, a folder that was
// made for it is removed: half a copy looks like one.
func inNewFolder(path, from string, do func() error) error {
	_, missing := os.Lstat(path)
	err := do()
	if errors.Is(err, fault.Corrupt) {
		err = fault.DiskDamaged.Errorf("%s is damaged, and so is a copy of it: %w", from, err)
	}
	if err == nil || !errors.Is(missing, fs.ErrNotExist) {
		return err
	}
	if left := os.RemoveAll(path); left != nil {
		err = together(err, fault.DiskFailed.Errorf("%w", left))
	}
	return err
}
