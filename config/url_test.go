package config_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/redfire-quant/redfire/config"
	"github.com/redfire-quant/redfire/fault"
)

// keyOf returns a key that takes an address with the scheme of url.
func keyOf(url string) string {
	switch scheme, _, _ := strings.Cut(url, ":"); strings.TrimSuffix(strings.TrimSuffix(scheme, "+sentinel"), "+cluster") {
	case "redis", "rediss":
		return "cache.redis"
	case "influx", "influxs":
		return "series.url"
	case "mongodb", "mongodb+srv":
		return "journal.url"
	}
	return "sql.main.url"
}

func variable(key, value string) string {
	return "REDFIRE_" + strings.ToUpper(strings.ReplaceAll(key, ".", "__")) + "=" + value
}

var goodURLs = []string{
	"mysql://root@localhost:3306/vnpy",
	"mysql://localhost",
	"mysql://h1,h2:3307,10.0.0.1,[::1]:3308/vnpy",
	"mysql://[2001:db8::abcd]:3306/vnpy?timeout=5s&allowCleartextPasswords=true",
	"mysql://[fe80::a%25eth0]/x",
	"mysql://a_b.数据.example/库",
	"mysql://us%40er@h/x",
	"mysql://root:@h/x",
	"postgres://u@h:5432/db?sslmode=verify-full&sslkey=client.key&passfile=pgpass#top",
	"sqlite:main.db",
	"sqlite:数据/main.db?_pragma=busy_timeout(5000)",
	"redis://localhost:6379/0",
	"rediss://user@localhost",
	"redis+sentinel://h1,h2:26379/name/0",
	"rediss+sentinel://h1,h2/name/0",
	"redis+cluster://h1,h2,h3",
	"rediss+cluster://h1",
	"influx://localhost:8086?org=redfire&bucket=market",
	"influxs://influx.example/prefix?org=a%20b",
	"mongodb://localhost:27017/redfire?authSource=admin&replicaSet=rs0",
	"mongodb+srv://cluster.example/redfire",
}

func TestAddressesOfTheServersAreAcceptedAndShownWhole(t *testing.T) {
	for _, text := range goodURLs {
		c, err := load(t, "", variable(keyOf(text), text))
		if err != nil {
			t.Errorf("%s: got %v, want no error", text, err)
			continue
		}
		if got := []config.URL{c.SQL["main"].URL, c.Cache.Redis, c.Series.URL, c.Journal.URL}; !slices.Contains(got, config.URL(text)) {
			t.Errorf("%s: got %v, want it as it is", text, got)
		}
		if text := config.URL(text); text.String() != string(text) {
			t.Errorf("%s: shown as %s, want it whole", string(text), text)
		}
		// In the file too: what holds no secret is not refused as one.
		if _, err := load(t, "{"+strings.ReplaceAll(keyOf(text), ".", ": {")+": '"+text+"'"+strings.Repeat("}", strings.Count(keyOf(text), ".")+1)); err != nil {
			t.Errorf("%s in the file: got %v, want no error", text, err)
		}
	}
}

func TestAddressesThatAreNoneAreRefused(t *testing.T) {
	f := func(text, says string) {
		t.Helper()
		_, err := load(t, "", variable(keyOf(text), text))
		if fault.CodeOf(err) != fault.ConfigURL || !strings.Contains(fmt.Sprint(err), says) {
			t.Errorf("%q: got %v, want %s and %q", text, err, fault.ConfigURL, says)
		}
	}
	f("localhost:3306", "does not begin with mysql:, postgres:, postgresql:, sqlite:")
	f("localhost", "does not begin with")
	f("vnpy", "does not begin with")
	f("MYSQL://h/x", "does not begin with")
	f(" mysql://h/x", "does not begin with")
	f("mysqls://h/x", "does not begin with")
	f("http://h/x", "does not begin with")
	f("root@tcp(localhost:3306)/vnpy", "does not begin with") // as go-sql-driver writes it
	f("host=localhost user=root", "does not begin with")      // as libpq writes it
	f("mysql:h/x", "has no // after mysql:")
	f("mysql:/h/x", "has no //")
	f("mysql:", "has no //")
	f("mysql://", "the host is not a name")
	f("mysql:///x", "the host is not a name")
	f("mysql://root@/x", "the host is not a name")
	f("mysql://:3306/x", "the host is not a name")
	f("mysql://h1,,h2/x", "the host is not a name")
	f("mysql://h1,/x", "the host is not a name")
	f("mysql://a b/x", "the host is not a name")
	f("mysql://tcp(h)/x", "the host is not a name")
	f("mysql://h:/x", "the port is not a number")
	f("mysql://h:0/x", "the port is not a number")
	f("mysql://h:65536/x", "the port is not a number")
	f("mysql://h:-1/x", "the port is not a number")
	f("mysql://h:3306x/x", "the port is not a number")
	f("mysql://h1:3306,h2:x/x", "the port is not a number")
	f("mysql://::1/x", "the host is not a name")
	f("mysql://fe80::abcd/x", "the port is not a number")
	f("mysql://[::1/x", "IPv6")
	f("mysql://[::1]]/x", "IPv6")
	f("mysql://[127.0.0.1]/x", "IPv6")
	f("mysql://[h]/x", "IPv6")
	f("mysql://u@v@h/x", "%40")
	f("mysql://u/v@h/x", "%2F")
	f("mysql://u#v@h/x", "%23")
	f("mysql://u?v@h/x", "%3F")
	f("mysql://h/x?mail=a@b", "%40")
	f("mysql://u%zz@h/x", "%25")
	f("mysql://h/x%", "%25")
	f("mysql://h/x\x7f", "is not an address")
	f("mysql://h/x,mysql://i/x", "holds a second address")
	f("redis://h/0 redis://i/0", "holds a second address")
	f("sqlite:", "is not sqlite: and the path of a file")
	f("sqlite://main.db", "is not sqlite: and the path of a file")
	f("sqlite:///var/main.db", "is not sqlite: and the path of a file")
	f("redis+sentinel:h", "has no //")
	f("influx://h:8086:9/x", "the host is not a name")
}

// secretURLs are addresses, right and wrong, with the secret SECRET in them, and
// how each is shown.
var secretURLs = [][2]string{
	{"mysql://root:SECRET@h:3306/x", "mysql://root:[redacted]@h:3306/x"},
	{"mysql://:SECRET@h/x", "mysql://:[redacted]@h/x"},
	{"mysql://root:a@SECRET@h/x", "mysql://root:[redacted]@h/x"},
	{"mysql://root:a:SECRET@h/x", "mysql://root:[redacted]@h/x"},
	{"mysql://root:a/SECRET@h/x", "mysql://root:[redacted]@h/x"},
	{"mysql://root:a?SECRET@h/x", "mysql://root:[redacted]@h/x"},
	{"mysql://root:a#SECRET@h/x", "mysql://root:[redacted]@h/x"},
	{"mysql://root:%SECRET@h/x", "mysql://root:[redacted]@h/x"},
	{"mysql://root:a b\nSECRET@h/x", "mysql://root:[redacted]@h/x"},
	{"mysql://root：SECRET@h/x", "mysql://root：[redacted]@h/x"},
	{"mysql://root%3aSECRET@h/x", "mysql://root%3a[redacted]@h/x"},
	{"mysql://root:SECRET＠h/x", "mysql://root:[redacted]"},
	{"mysql://root:SECRET@", "mysql://root:[redacted]@"},
	{"mysql://root:SECRET@h1,root:SECRET@h2/x", "mysql://root:[redacted]@h2/x"},
	{"mysql://root:SECRET", "mysql://root:[redacted]"},
	{"mysql://root:SECRET/x", "mysql://root:[redacted]"},
	{"mysql://root:a/SECRET", "mysql://root:[redacted]"},
	{"mysql://root:70000SECRET", "mysql://root:[redacted]"},
	{"mysql://[::a]:SECRET/x", "mysql://[::a]:[redacted]"},
	{"mysql://[::1]:3306,h:SECRET/x", "mysql://[::1]:3306,h:[redacted]"},
	{"mysql:root:SECRET@h/x", "mysql:[redacted]@h/x"},
	{"mysql:/root:SECRET@h/x", "mysql:[redacted]@h/x"},
	{"mysql:root:SECRET", "mysql:[redacted]"},
	{"root:SECRET", "root:[redacted]"},
	{"root:SECRET@tcp(localhost:3306)/vnpy?parseTime=true", "root:[redacted]@tcp(localhost:3306)/vnpy?parseTime=true"},
	{"root:a@tcp(h)/x?password=SECRET", "root:[redacted]@tcp(h)/x?password=[redacted]"},
	{"jdbc:mysql://root:SECRET@h/x", "jdbc:[redacted]@h/x"},
	{"jdbc:mysql://h/x?password=SECRET", "jdbc:[redacted]"},
	{"sqlite://root:SECRET@h/x", "sqlite://root:[redacted]@h/x"},
	{"sqlite:x?_key=SECRET", "sqlite:x?_key=[redacted]"},
	{"sqlite:x?_auth_pass=SECRET&mode=rw", "sqlite:x?_auth_pass=[redacted]&mode=rw"},
	{"MySQL://root:SECRET@h/x", "MySQL:[redacted]@h/x"},
	{"mysqll://SECRET@h/x", "mysqll:[redacted]@h/x"},
	{"mysqll://h/x?password=SECRET", "mysqll://h/x?password=[redacted]"},
	{"root://SECRET@tcp(h)/x", "root:[redacted]@tcp(h)/x"},
	{"postgres://h/x?user=u&password=SECRET&sslmode=disable", "postgres://h/x?user=u&password=[redacted]&sslmode=disable"},
	{"postgres://h/x?sslpassword=SECRET", "postgres://h/x?sslpassword=[redacted]"},
	{"postgres://h/x?PASSWORD=SECRET", "postgres://h/x?PASSWORD=[redacted]"},
	{"postgres://h/x?pass%77ord=SECRET", "postgres://h/x?pass%77ord=[redacted]"},
	{"postgres://h/x?db.pass-word=SECRET", "postgres://h/x?db.pass-word=[redacted]"},
	{"postgres://h/x?password =SECRET", "postgres://h/x?password =[redacted]"},
	{"postgres://h/x?password=a#SECRET", "postgres://h/x?password=[redacted]"},
	{"postgres://h/x?password=a&SECRET", "postgres://h/x?password=[redacted]"},
	{"postgres://h/x?password=a/SECRET==&x=y", "postgres://h/x?password=[redacted]&x=y"},
	{"postgres://h/x?a=b;password=SECRET;c=d", "postgres://h/x?a=b;password=[redacted];c=d"},
	{"postgres://h/x#password=SECRET", "postgres://h/x#password=[redacted]"},
	{"host=h user=u password=SECRET dbname=x", "host=h user=u password=[redacted] dbname=x"},
	{"influx://h?token=SECRET", "influx://h?token=[redacted]"},
	{"influx://h?u=root&p=SECRET", "influx://h?u=root&p=[redacted]"},
	{"influx://SECRET@h?org=a", "influx://[redacted]@h?org=a"},
	{"redis://:SECRET@h:6379/0", "redis://:[redacted]@h:6379/0"},
	{"redis+sentinel://u:SECRET@h1,h2/name/0", "redis+sentinel://u:[redacted]@h1,h2/name/0"},
	{"mongodb://u:SECRET@h1,h2/x?authSource=admin", "mongodb://u:[redacted]@h1,h2/x?authSource=admin"},
	{"mongodb://h/x?tlsCertificateKeyFilePassword=SECRET", "mongodb://h/x?tlsCertificateKeyFilePassword=[redacted]"},
	{"mongodb://h/x?authMechanismProperties=AWS_SESSION_TOKEN:SECRET", "mongodb://h/x?authMechanismProperties=[redacted]"},
}

func TestAddressesAreShownWithoutTheirSecrets(t *testing.T) {
	for _, c := range secretURLs {
		u := config.URL(c[0])
		if got := u.String(); got != c[1] {
			t.Errorf("%q:\ngot  %s\nwant %s", c[0], got, c[1])
		}
		if got := config.URL(u.String()).String(); got != u.String() {
			t.Errorf("%q: shown as %s, and that as %s", c[0], u, got)
		}
	}
}

func TestAnAddressConvertedToStringIsWhole(t *testing.T) {
	c := accepted(t, "", "REDFIRE_SQL__MAIN__URL=mysql://root:p%40ss@h/x")
	if got := string(c.SQL["main"].URL); got != "mysql://root:p%40ss@h/x" {
		t.Errorf("got %s, want it with its password", got)
	}
}

// FuzzURL plants a password in addresses of any form. It is never shown, and
// nothing panics.
func FuzzURL(f *testing.F) {
	for _, c := range secretURLs {
		before, after, _ := strings.Cut(c[0], "SECRET")
		f.Add(before, after)
	}
	f.Add("mysql://root:", "@h/x")
	empty := write(f, "")
	f.Fuzz(func(t *testing.T, before, after string) {
		_ = config.URL(before + after).String()
		const secret = "pLANTED"
		for _, text := range []string{
			"mysql://root:" + before + secret + after + "@h/x",
			"mysql://" + before + ":" + secret + after + "@h",
			"root:" + before + secret + "@tcp(h)/x?" + after,
			"postgres://h/x?user=" + strings.Map(dropMarks, before) + "&password=" + secret + "#" + strings.Map(dropMarks, after),
		} {
			u := config.URL(text)
			for _, shown := range []string{u.String(), fmt.Sprintf("%v %+v %#v %q %d", u, u, u, u, u)} {
				if strings.Contains(shown, secret) {
					t.Errorf("%q is shown as %s", text, shown)
				}
			}
			_, err := config.Load(options(empty, variable("sql.main.url", text)))
			if strings.Contains(fmt.Sprintf("%v %#v", err, err), secret) || err != nil && fault.CodeOf(err) != fault.ConfigURL {
				t.Errorf("%q: got %#v, want %s without the password", text, err, fault.ConfigURL)
			}
		}
	})
}

// dropMarks takes away what divides the parts of an address.
func dropMarks(r rune) rune {
	if strings.ContainsRune(":/?#@&;=,( \t\n\v\f\r[]", r) {
		return -1
	}
	return r
}
