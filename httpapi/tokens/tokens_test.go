package tokens_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/httpapi/tokens"
	"github.com/redfire-quant/redfire/internal/disk"
)

// newFile returns a file that does not exist yet, in a folder that does not either.
func newFile(t *testing.T) (f *tokens.File, path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "data", "tokens")
	return tokens.Open(path), path
}

func make1(t *testing.T, f *tokens.File, name string, role tokens.Role) string {
	t.Helper()
	token, err := f.New(t.Context(), name, role)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func wantAccepted(t *testing.T, f *tokens.File, token, name string, role tokens.Role) {
	t.Helper()
	e, err := f.Verify(token)
	if err != nil || e.Name != name || e.Role != role {
		t.Errorf("got %+v, %v, want %s as %s", e, err, name, role)
	}
}

func wantRefused(t *testing.T, f *tokens.File, token string, want error) {
	t.Helper()
	if e, err := f.Verify(token); !errors.Is(err, want) || e != (tokens.Entry{}) {
		t.Errorf("got %+v, %v, want %v", e, err, want)
	}
}

func contents(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestATokenIsAcceptedUntilItIsRevoked(t *testing.T) {
	f, _ := newFile(t)
	wantRefused(t, f, "", fault.Denied)
	bot, app := make1(t, f, "bot", tokens.Reader), make1(t, f, "app-1.x_y", tokens.Writer)
	wantAccepted(t, f, bot, "bot", tokens.Reader)
	wantAccepted(t, f, app, "app-1.x_y", tokens.Writer)
	if err := f.Revoke(t.Context(), "bot"); err != nil {
		t.Fatal(err)
	}
	wantRefused(t, f, bot, fault.APIToken)
	wantAccepted(t, f, app, "app-1.x_y", tokens.Writer)
	all, err := f.List()
	if err != nil || len(all) != 1 || all[0].Name != "app-1.x_y" || time.Since(all[0].Created) > time.Minute || all[0].Created.Location() != time.UTC {
		t.Errorf("got %+v, %v, want app-1.x_y alone, made now", all, err)
	}
}

func TestATokenIsChanceAndStandsNowhere(t *testing.T) {
	f, path := newFile(t)
	seen := map[string]bool{}
	for i := range 20 {
		token := make1(t, f, fmt.Sprint("n", i), tokens.Reader)
		if !strings.HasPrefix(token, "rf_") || len(token) != len("rf_")+43 || seen[token] {
			t.Errorf("the token %q is not new, or not of 32 bytes", token)
		}
		seen[token] = true
		if strings.Contains(contents(t, path), token[len("rf_"):]) {
			t.Error("the token stands in the file")
		}
	}
	about, err := os.Stat(path)
	if err != nil || runtime.GOOS != "windows" && about.Mode().Perm() != 0o600 {
		t.Errorf("the file: got %v, %v, want mode 0600", about.Mode(), err)
	}
	if files, err := filepath.Glob(filepath.Join(filepath.Dir(path), ".tokens-*")); err != nil || len(files) > 0 {
		t.Errorf("%v is left, %v", files, err)
	}
}

// What is not accepted is refused in the same words, whatever is wrong with it.
func TestARefusalDoesNotTellWhatIsWrong(t *testing.T) {
	f, path := newFile(t)
	token, gone := make1(t, f, "bot", tokens.Reader), make1(t, f, "gone", tokens.Writer)
	if err := f.Revoke(t.Context(), "gone"); err != nil {
		t.Fatal(err)
	}
	said := map[string]bool{}
	for _, bad := range []string{
		"", " ", "rf_", "bot", gone, token + "x", token[:len(token)-1], strings.ToUpper(token), token[len("rf_"):], " " + token,
		strings.Fields(strings.Split(contents(t, path), "\n")[2])[2], strings.Repeat("x", 1<<16),
	} {
		_, err := f.Verify(bad)
		if !errors.Is(err, fault.Denied) || fault.CodeOf(err) != fault.APIToken {
			t.Errorf("%.60q: got %v, want fault.APIToken", bad, err)
			continue
		}
		said[err.Error()] = true
	}
	if len(said) != 1 || strings.Contains(fmt.Sprint(said), path) {
		t.Errorf("refusals differ, or name the file: %v", said)
	}
}

func TestNamesAndRolesThatCannotBeAreRefused(t *testing.T) {
	f, path := newFile(t)
	refused := func(want error, name string, role tokens.Role) {
		t.Helper()
		if token, err := f.New(t.Context(), name, role); !errors.Is(err, want) || token != "" {
			t.Errorf("%q as %q: got %q, %v, want %v", name, role, token, err, want)
		}
	}
	for _, name := range []string{"", "a b", "a\nb", "#x", "名", "a/b", strings.Repeat("x", 65)} {
		refused(fault.APITokenName, name, tokens.Reader)
	}
	for _, role := range []tokens.Role{"", "admin", "Reader", "reader writer"} {
		refused(fault.APITokenName, "bot", role)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file exists: %v", err)
	}
	make1(t, f, strings.Repeat("x", 64), tokens.Reader)
	make1(t, f, "bot", tokens.Reader)
	refused(fault.APITokenExists, "bot", tokens.Writer)
	if err := f.Revoke(t.Context(), "bob"); !errors.Is(err, fault.APITokenNone) || !errors.Is(err, fault.NotFound) {
		t.Errorf("revoke bob: got %v, want fault.APITokenNone", err)
	}
}

func TestRolesAllowWhatStandsBelowThem(t *testing.T) {
	f := func(r, needed tokens.Role, want bool) {
		t.Helper()
		if r.Allows(needed) != want {
			t.Errorf("%q.Allows(%q) is %t", r, needed, !want)
		}
	}
	f(tokens.Reader, tokens.Reader, true)
	f(tokens.Writer, tokens.Reader, true)
	f(tokens.Writer, tokens.Writer, true)
	f(tokens.Reader, tokens.Writer, false)
	f("", tokens.Reader, false)
	f("admin", tokens.Reader, false)
	f(tokens.Writer, "", false)
	f("", "", false)
}

const sound = "bot reader 5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8 2026-01-05T09:00:00+08:00\n"

func TestAFileMayBeWrittenByHand(t *testing.T) {
	f, path := newFile(t)
	put(t, path, "# mine\n\n  "+sound)
	wantAccepted(t, f, "password", "bot", tokens.Reader) // whose hash that is
	all, err := f.List()
	if want := time.Date(2026, 1, 5, 1, 0, 0, 0, time.UTC); err != nil || len(all) != 1 || !all[0].Created.Equal(want) {
		t.Errorf("got %v, %v, want bot of %s", all, err, want)
	}
}

func TestADamagedFileLetsNobodyInAndSaysWhere(t *testing.T) {
	f, path := newFile(t)
	good := make1(t, f, "good", tokens.Writer)
	kept := contents(t, path)
	bad := func(line, said string) {
		t.Helper()
		put(t, path, kept+line)
		f := tokens.Open(path)
		wantRefused(t, f, good, fault.APITokenFile)
		_, err := f.List()
		if place, ok := fault.PlaceOf(err); !ok || place.File != path || place.Line != 4 || !strings.Contains(err.Error(), said) || !errors.Is(err, fault.Corrupt) {
			t.Errorf("%q: got %v, want line 4 and %q", line, err, said)
		}
		if _, err := f.New(t.Context(), "more", tokens.Reader); !errors.Is(err, fault.APITokenFile) {
			t.Errorf("%q: new: got %v, want fault.APITokenFile", line, err)
		}
		if err := f.Revoke(t.Context(), "good"); !errors.Is(err, fault.APITokenFile) {
			t.Errorf("%q: revoke: got %v, want fault.APITokenFile", line, err)
		}
		if contents(t, path) != kept+line {
			t.Errorf("%q: the file was changed", line)
		}
	}
	bad("bot", "1 words")
	bad("x "+sound, "5 words")
	bad(strings.Replace(sound, "reader", "admin", 1), `"admin" is no role`)
	bad(strings.Replace(sound, "bot", "b*t", 1), `"b*t" cannot be the name`)
	bad(strings.Replace(sound, "5e", "5", 1), "64 digits")
	bad(strings.Replace(sound, "5e", "5g", 1), "64 digits")
	bad(strings.Replace(sound, "2026-01-05T", "2026-01-05 ", 1), "5 words")
	bad(strings.Replace(sound, "2026-01-05T", "2026-13-05T", 1), "2026-13-05T")
	bad(sound[:len(sound)-30], "3 words")
	bad(strings.Replace(sound, "bot", "good", 1), "twice")
	bad(strings.Replace(strings.Split(kept, "\n")[2], "good", "other", 1), "twice")
	put(t, path, kept+strings.Repeat("#", 1<<20))
	wantRefused(t, tokens.Open(path), good, fault.APITokenFile)
}

func TestAFileThatCannotBeReadLetsNobodyIn(t *testing.T) {
	f, path := newFile(t)
	token := make1(t, f, "bot", tokens.Reader)
	refused := func(what, path string) {
		t.Helper()
		f := tokens.Open(path)
		wantRefused(t, f, token, fault.APITokenAccess)
		if _, err := f.List(); !errors.Is(err, fault.Unavailable) {
			t.Errorf("%s: list: got %v, want fault.Unavailable", what, err)
		}
		if _, err := f.New(t.Context(), "more", tokens.Reader); !errors.Is(err, fault.APITokenAccess) {
			t.Errorf("%s: new: got %v, want fault.APITokenAccess", what, err)
		}
	}
	refused("a folder", filepath.Dir(path))
	refused("below a file", filepath.Join(path, "x"))
	if runtime.GOOS == "windows" {
		return
	}
	for _, mode := range []os.FileMode{0o620, 0o602, 0o666} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		refused(fmt.Sprint("mode ", mode), path)
	}
}

// set makes a file as it would be if it had been written so long ago.
func set(t *testing.T, path, text string, ago time.Duration) {
	t.Helper()
	put(t, path, text)
	at := time.Now().Add(-ago)
	if err := os.Chtimes(path, at, at); err != nil {
		t.Fatal(err)
	}
}

func TestWhatOthersChangeCountsWithinASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, path := newFile(t)
		set(t, path, sound, time.Hour)
		wantAccepted(t, f, "password", "bot", tokens.Reader)
		if err := tokens.Open(path).Revoke(t.Context(), "bot"); err != nil {
			t.Fatal(err)
		}
		wantAccepted(t, f, "password", "bot", tokens.Reader) // it was looked at just now
		<-time.After(time.Second)
		wantRefused(t, f, "password", fault.APIToken)
		set(t, path, sound, time.Hour)
		<-time.After(time.Second)
		wantAccepted(t, f, "password", "bot", tokens.Reader)
		put(t, path, sound+"damaged")
		<-time.After(time.Second)
		wantRefused(t, f, "password", fault.APITokenFile)
		<-time.After(time.Second)
		wantRefused(t, f, "password", fault.APITokenFile)
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		<-time.After(time.Second)
		wantRefused(t, f, "password", fault.APIToken)
	})
}

// A file that was changed twice within a step of the clock looks the same, if
// its length is: it is read again until it is old enough.
func TestAChangeThatLeavesNoTraceIsSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, path := newFile(t)
		set(t, path, sound, 0)
		wantAccepted(t, f, "password", "bot", tokens.Reader)
		about, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		put(t, path, strings.Replace(sound, "reader", "writer", 1))
		if err := os.Chtimes(path, about.ModTime(), about.ModTime()); err != nil {
			t.Fatal(err)
		}
		<-time.After(time.Second)
		wantAccepted(t, f, "password", "bot", tokens.Writer)
	})
}

func TestThoseWhoChangeAtOnceLoseNothing(t *testing.T) {
	_, path := newFile(t)
	const each, writers = 5, 8
	var all sync.WaitGroup
	var mu sync.Mutex
	made := map[string]string{}
	for w := range writers {
		all.Go(func() {
			f := tokens.Open(path) // as another process would
			for i := range each {
				name := fmt.Sprintf("w%d-%d", w, i)
				token, err := f.New(t.Context(), name, tokens.Reader)
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				made[name] = token
				mu.Unlock()
			}
			if err := f.Revoke(t.Context(), fmt.Sprintf("w%d-0", w)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	f := tokens.Open(path)
	for name, token := range made {
		if strings.HasSuffix(name, "-0") {
			wantRefused(t, f, token, fault.APIToken)
			continue
		}
		wantAccepted(t, f, token, name, tokens.Reader)
	}
	list, err := f.List()
	if err != nil || len(list) != writers*(each-1) {
		t.Errorf("there are %d tokens, %v, want %d", len(list), err, writers*(each-1))
	}
}

func TestWhoWaitsForTheLockCanBeStopped(t *testing.T) {
	f, path := newFile(t)
	make1(t, f, "bot", tokens.Reader)
	unlock, err := disk.Lock(path + ".lock")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := f.Revoke(ctx, "bot"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	if err := unlock(); err != nil {
		t.Fatal(err)
	}
	if err := f.Revoke(t.Context(), "bot"); err != nil {
		t.Error(err)
	}
}

func TestALockThatIsHeldForLongIsAnErrorThatNamesTheHolder(t *testing.T) {
	_, path := newFile(t)
	if err := os.MkdirAll(path+".lock", 0o750); err != nil {
		t.Fatal(err)
	}
	unlock, err := disk.Lock(path + ".lock")
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		_, err := tokens.Open(path).New(t.Context(), "bot", tokens.Reader)
		if !errors.Is(err, fault.APITokenAccess) || !strings.Contains(err.Error(), fmt.Sprint("process ", os.Getpid())) {
			t.Errorf("got %v, want fault.APITokenAccess and the holder", err)
		}
	})
	if err := unlock(); err != nil {
		t.Fatal(err)
	}
}

func TestALinkToTheFileStays(t *testing.T) {
	f, path := newFile(t)
	make1(t, f, "bot", tokens.Reader)
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(path, link); err != nil {
		t.Skip("there are no links here: ", err)
	}
	token := make1(t, tokens.Open(link), "more", tokens.Reader)
	wantAccepted(t, tokens.Open(path), token, "more", tokens.Reader)
	if at, err := os.Readlink(link); err != nil || at != path {
		t.Errorf("the link leads to %q, %v", at, err)
	}
}

func TestTokensAreListedInTheOrderTheyWereMade(t *testing.T) {
	f, _ := newFile(t)
	want := []string{"c", "a", "b"}
	for _, name := range want {
		make1(t, f, name, tokens.Reader)
	}
	all, err := f.List()
	var got []string
	for _, e := range all {
		got = append(got, e.Name)
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
}

func BenchmarkVerify(b *testing.B) {
	for _, n := range []int{1, 100} {
		b.Run(fmt.Sprint("tokens=", n), func(b *testing.B) {
			f := tokens.Open(filepath.Join(b.TempDir(), "tokens"))
			var token string
			for i := range n {
				var err error
				if token, err = f.New(b.Context(), fmt.Sprint("n", i), tokens.Reader); err != nil {
					b.Fatal(err)
				}
			}
			for b.Loop() {
				if _, err := f.Verify(token); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
