package config

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/redfire-quant/redfire/fault"
)

// maxSecret is more than any token is long.
const maxSecret = 64 << 10

// check holds against each other what each key alone does not tell.
func (d *decoder) check(c *Config) {
	for _, name := range d.names("sql") {
		s, path := c.SQL[name], join("sql", name)
		d.secret(&s.Password, s.PasswordFile, s.URL, path+".password", path+".url")
		d.checkPool(&s, path)
		c.SQL[name] = s
		d.checkReplicas(s, path)
	}
	d.secret(&c.Cache.Password, c.Cache.PasswordFile, c.Cache.Redis, "cache.password", "cache.redis")
	d.secret(&c.Series.Token, c.Series.TokenFile, c.Series.URL, "series.token", "series.url")
	d.secret(&c.Journal.Password, c.Journal.PasswordFile, c.Journal.URL, "journal.password", "journal.url")
	d.checkCalendars(c)
}

func (d *decoder) checkPool(s *SQL, path string) {
	idle, open := path+".min_idle", path+".max_open"
	if _, given := d.top(idle); !given && (s.URL == "" || s.URL.Scheme() == "sqlite") {
		s.MinIdle = 1 // a second reader has its own soon enough: it is no server
	}
	if s.MinIdle <= s.MaxOpen || d.bad[idle] || d.bad[open] {
		return
	}
	if _, given := d.top(idle); !given {
		s.MinIdle = s.MaxOpen // whoever wants few connections need not say it twice
		return
	}
	key, other := open, idle
	if _, given := d.top(key); !given {
		key, other = idle, open
	}
	v, _ := d.top(key)
	d.problem(v.place, key, fault.ConfigRange.Errorf("min_idle %d is more than max_open %d (%s)", s.MinIdle, s.MaxOpen, d.whence(other)))
}

func (d *decoder) checkReplicas(s SQL, path string) {
	key := path + ".replicas"
	v, ok := d.top(key)
	if !ok || len(s.Replicas) == 0 || d.bad[key] || d.bad[path+".url"] {
		return
	}
	if s.URL == "" {
		d.problem(v.place, key, fault.ConfigRange.Errorf("there are replicas but no url that they follow"))
		return
	}
	for i, r := range s.Replicas {
		if kind(r) != kind(s.URL) {
			d.problem(v.items[i].place, key, fault.ConfigRange.Errorf("replica %q is not of the same kind as url %q (%s)", r.shown(), s.URL.shown(), d.whence(path+".url")))
		}
	}
}

// kind returns which kind of server an address is of.
func kind(u URL) string { return strings.Replace(u.Scheme(), "postgresql", "postgres", 1) }

// whence says where the value of the key at path comes from; the key alone
// stands for its default.
func (d *decoder) whence(path string) string {
	v, _ := d.top(path)
	p := v.place.Place
	p.Field = path
	return p.String()
}

// refuseSecrets reports secrets that stand in the configuration file for the
// key k of section, also where the environment overrides them.
func (d *decoder) refuseSecrets(section, k *node, path string) {
	for _, v := range d.given[path] {
		if v.place.env {
			continue
		}
		for _, e := range slices.Concat(v.items, []item{{v.text, v.place}}) {
			if u := URL(e.text); k.Type == TextSecret || len(k.Schemes) > 0 && u.check(k.Schemes) == nil && u.hasSecret() {
				secret := strings.TrimSuffix(path, k.name) + section.secret().name
				d.problem(e.place, path, fault.ConfigSecretInFile.Errorf("a secret must not stand in this file: put it into a file of its own and name that in %s_file, or set %s", secret, variable(secret)))
			}
		}
	}
}

// secret returns the key below n that is a secret.
func (n *node) secret() *node {
	i := slices.IndexFunc(n.below, func(c *node) bool { return c.Type == TextSecret })
	return n.below[i]
}

// secret reads the file that holds a secret into to, unless the secret was
// given otherwise. A secret that is given twice is refused: which of the two is
// right, only the user knows.
func (d *decoder) secret(to *Secret, file Path, url URL, key, urlKey string) {
	fileKey := key + "_file"
	var given []string
	for _, g := range []struct {
		is  bool
		key string
	}{{url.hasSecret(), urlKey}, {file != "", fileKey}, {*to != "", key}} {
		if g.is {
			given = append(given, g.key)
		}
	}
	if len(given) > 1 && !d.bad[key] && !d.bad[urlKey] && !d.bad[fileKey] {
		v, _ := d.top(given[len(given)-1])
		d.problem(v.place, given[len(given)-1], fault.ConfigTwoSecrets.Errorf("the same secret is given by %s too; keep one of them", d.whence(given[0])))
		return
	}
	if file == "" || d.bad[fileKey] {
		return
	}
	v, _ := d.top(fileKey)
	s, err := ReadSecret(file)
	if err != nil {
		d.problem(v.place, fileKey, err)
	}
	*to = s
}

// ReadSecret returns what file holds, without the line break at its end.
func ReadSecret(file Path) (Secret, error) {
	text, err := readFile(string(file), maxSecret)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", fault.ConfigSecretFile.Errorf("there is no file %s", file)
	case err != nil:
		return "", fault.ConfigSecretFile.Errorf("read %s: %w", file, fault.WithoutPath(err))
	}
	s := strings.TrimPrefix(string(text), "\ufeff")
	s = strings.TrimSuffix(strings.TrimSuffix(s, "\n"), "\r")
	switch {
	case s == "":
		return "", fault.ConfigSecretFile.Errorf("%s is empty", file)
	case !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl):
		return "", fault.ConfigSecretFile.Errorf("%s holds more than one line of UTF-8 text", file)
	}
	return Secret(s), nil
}
