package marketfile

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
)

// places are what may stand in a pattern of paths.
var places = map[string]string{
	`\{symbol\}`:   `(?P<symbol>[^/]+\.[A-Z0-9_]{1,16})`,
	`\{code\}`:     `(?P<code>[^/]+?)`,
	`\{exchange\}`: `(?P<exchange>[A-Z0-9_]{1,16})`,
	`\{interval\}`: `(?P<interval>[0-9]*[smhdw])`,
	`\*`:           `[^/]*`,
}

// gluedPlaces may stand in a pattern without anything between them: SH600519.
const (
	gluedPlaces = `\{exchange\}\{code\}`
	gluedNames  = `(?P<exchange>(?i:SH|SZ|BJ))(?P<code>[0-9]{6})`
)

// parsePath returns what the end of a path names by a pattern: see
// [Options.Path].
func parsePath(path, pattern string) (y market.Symbol, v market.Interval, err error) {
	expression := regexp.QuoteMeta(strings.TrimPrefix(filepath.ToSlash(pattern), "./"))
	expression = strings.Replace(expression, gluedPlaces, gluedNames, 1)
	if strings.Contains(expression, `\}\{`) {
		return y, 0, fault.FileOption.Errorf("the pattern %q has two places with nothing between them, which only {exchange}{code} may, for SH600519", pattern)
	}
	for place, e := range places {
		if strings.HasPrefix(place, `\{`) && strings.Count(expression, place) > 1 {
			return y, 0, fault.FileOption.Errorf("the pattern %q names a place twice", pattern)
		}
		expression = strings.ReplaceAll(expression, place, e)
	}
	if strings.Contains(expression, `\{`) {
		return y, 0, fault.FileOption.Errorf("the pattern %q may hold {symbol}, {code}, {exchange}, {interval} and *", pattern)
	}
	re, err := regexp.Compile("(?:^|/)" + expression + "$")
	if err != nil {
		return y, 0, fault.FileOption.Errorf("the pattern is not one: %w", err)
	}
	full, err := filepath.Abs(path)
	if err != nil {
		return y, 0, fault.FileUnreadable.Errorf("%w", err)
	}
	found := re.FindStringSubmatch(filepath.ToSlash(full))
	if found == nil {
		return y, 0, fault.FileOption.Errorf("the path does not end as the pattern %q says", pattern)
	}
	for i, name := range re.SubexpNames() {
		switch name {
		case "symbol":
			y, err = market.ParseSymbol(found[i])
		case "code":
			y.Code = found[i]
			err = market.ValidateCode(y.Code)
		case "exchange":
			y.Exchange = market.Exchange(strings.ToUpper(found[i]))
		case "interval":
			v, err = market.ParseInterval(found[i])
		}
		if err != nil {
			return y, 0, err
		}
	}
	return y, v, nil
}

// endings are those of files that a folder is searched for.
var endings = []string{".csv", ".txt", ".tsv", ".ndjson", ".jsonl", ".parquet", ".arrow", ".feather"}

// Files returns the files that names stand for, in order and each once: a file
// for itself, a folder for those below it that look like data, a pattern with *
// for what fits it.
func Files(names []string) ([]string, error) {
	var all []string
	seen := map[string]bool{}
	for _, name := range names {
		found, err := filesOf(name)
		if err != nil {
			return nil, fault.At(fault.Place{File: name}, err)
		}
		for _, f := range found {
			if real := realName(f); !seen[real] {
				seen[real] = true
				all = append(all, f)
			}
		}
	}
	return all, nil
}

// realName returns a name that a file has only once, whatever it is called and
// whichever links lead to it.
func realName(name string) string {
	full, err := filepath.Abs(name)
	if err != nil {
		return name
	}
	if real, err := filepath.EvalSymlinks(full); err == nil {
		return real
	}
	return full
}

func filesOf(name string) ([]string, error) {
	info, err := os.Stat(name)
	switch {
	case err == nil && !info.IsDir():
		return []string{name}, nil
	case err == nil:
		return filesBelow(name)
	case !strings.ContainsAny(name, "*?["):
		return nil, cannotOpen(err)
	}
	found, err := filepath.Glob(name)
	if err != nil {
		return nil, fault.FileOption.Errorf("the pattern is not one: %w", err)
	}
	found = slices.DeleteFunc(found, func(f string) bool { return rejectsName.MatchString(f) })
	if len(found) == 0 {
		return nil, fault.FileMissing.Errorf("no file fits the pattern")
	}
	return found, nil
}

// filesBelow returns the files below a folder that look like data, in the order
// of their paths.
func filesBelow(folder string) (found []string, err error) {
	err = filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return cannotOpen(err)
		}
		if !d.IsDir() && isData(d.Name()) {
			found = append(found, path)
		}
		return nil
	})
	if err == nil && len(found) == 0 {
		err = fault.FileMissing.Errorf("no file below the folder ends in %s, or in these and .gz or .zst", strings.Join(endings, ", "))
	}
	return found, err
}

func isData(name string) bool {
	name = strings.ToLower(name)
	if rejectsName.MatchString(name) {
		return false
	}
	name = strings.TrimSuffix(strings.TrimSuffix(name, ".gz"), ".zst")
	return slices.ContainsFunc(endings, func(e string) bool { return strings.HasSuffix(name, e) })
}
