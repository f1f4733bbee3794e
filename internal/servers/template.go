package servers

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/redfire-quant/redfire/internal/disk"
	"github.com/redfire-quant/redfire/internal/servers/engines"
)

// dataFolder is where a server of n has its data, within n's folder.
const dataFolder = "data"

// makeData makes n's data folder, as p, a program of the set-up, does on a
// machine for the first time, and by copying what it made from then on: the
// first takes seconds, most of them for the disk. Before it is copied, finish
// takes out of the folder what two servers must not share, or adds to it.
func (n *node) makeData(ctx context.Context, p process, finish func(folder string) error) error {
	if err := n.makeDir(dataFolder, p.user); err != nil {
		return err
	}
	templates, err := templateFolder()
	if err != nil {
		return err
	}
	unlock, err := lockWhenFree(ctx, templates)
	if err != nil {
		return err
	}
	data := filepath.Join(n.folder, dataFolder)
	name, err := n.templateName(p)
	if err != nil {
		return errors.Join(err, unlock())
	}
	template := filepath.Join(templates, name)
	err = keepTemplate(template, data, func() error {
		if err := n.run(ctx, p); err != nil {
			return err
		}
		return finish(data)
	})
	if err := errors.Join(err, unlock()); err != nil {
		return err
	}
	return copyTree(template, data, func(path string) error {
		return giveTo(path, n.root, p.user)
	})
}

// keepTemplate has fill fill the empty folder data and moves it to path, unless
// path is there already; it is there as a whole or not at all, after a crash of
// the machine too.
func keepTemplate(path, data string, fill func() error) error {
	if _, err := os.Stat(path); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := fill(); err != nil {
		return err
	}
	unfinished := path + ".unfinished"
	if err := os.RemoveAll(unfinished); err != nil {
		return err
	}
	if err := os.Mkdir(unfinished, 0o700); err != nil {
		return err
	}
	if err := copyTree(data, unfinished, syncFile); err != nil {
		return err
	}
	if err := os.Rename(unfinished, path); err != nil {
		return err
	}
	filled, err := os.ReadDir(data)
	errs := []error{err}
	for _, entry := range filled {
		errs = append(errs, os.RemoveAll(filepath.Join(data, entry.Name())))
	}
	return errors.Join(errs...)
}

// templateFolder is the folder of all templates on this machine.
func templateFolder() (string, error) {
	folder, err := engines.Folder()
	if err != nil {
		return "", err
	}
	templates := filepath.Join(folder, "data")
	return templates, os.MkdirAll(templates, 0o700)
}

// templateName tells apart what another version, another installation or
// another call of p would make.
func (n *node) templateName(p process) (string, error) {
	h := sha256.New()
	program := cmp.Or(p.program, n.program)
	if program.Root != "" {
		// Programs of a root keep their names when its packages get newer.
		packages, err := os.ReadFile(filepath.Join(program.Root, "var/lib/dpkg/status"))
		if err != nil {
			return "", err
		}
		h.Write(packages)
	}
	own := strings.NewReplacer(n.path(""), "")
	fmt.Fprintf(h, "%s %q %q %q", program, p.name, own.Replace(strings.Join(p.args, "\n")), p.user)
	engine := strings.ToLower(strings.ReplaceAll(n.program.Engine.Name, " ", ""))
	return fmt.Sprintf("%s-%s-%s", engine, n.program.Version, hex.EncodeToString(h.Sum(nil)[:6])), nil
}

// lockWhenFree is disk.Lock that waits.
func lockWhenFree(ctx context.Context, folder string) (unlock func() error, err error) {
	err = poll(ctx, func(context.Context) error {
		var err error
		unlock, err = disk.Lock(folder)
		var held *disk.HeldError
		if err != nil && !errors.As(err, &held) {
			return fatal{err}
		}
		return err
	})
	return unlock, err
}

// copyTree copies what lies in from into the folder to, with its permissions,
// and calls done with each copy.
func copyTree(from, to string, done func(path string) error) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		within, err := filepath.Rel(from, path)
		if err != nil || within == "." {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		target := filepath.Join(to, within)
		switch {
		case entry.IsDir():
			err = os.Mkdir(target, 0o700)
		case info.Mode().IsRegular():
			err = copyFile(path, target)
		default:
			return fmt.Errorf("copy %s: %v is not copied", path, info.Mode())
		}
		if err != nil {
			return err
		}
		return errors.Join(os.Chmod(target, info.Mode().Perm()), done(target))
	})
}

// copyFile copies a file. Where the file system can share the blocks of two
// files, io.Copy has it do so.
func copyFile(from, to string) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	target, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(target, source)
	return errors.Join(err, target.Close())
}

// syncFile makes path survive a crash of the machine.
func syncFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
