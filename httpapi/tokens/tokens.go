// Package tokens keeps the tokens of the HTTP server: who may call it, and what
// for. At rest there are their hashes alone, in a file that people can read.
//
// A token is 32 bytes of chance, and so cannot be guessed or found in a table;
// SHA-256 without salt and stretching is right for it, though it would not be for
// a password. It is shown when it is made and never again.
//
// The file has a line for each token, with its name, its role, the hash in hex
// and the time when it was made; what follows a # at the start of a line is a
// remark, which the next change drops:
//
//	# name role sha256 created
//	bot reader 5e88...42d8 2026-01-05T01:00:00Z
//
// It is replaced whole, so that no reader sees half of it, under a lock that ends
// with the process that holds it. A [File] reads it again when it has changed, so
// that a token that is revoked ends without a restart. While it cannot be read,
// or one line is damaged, nobody is let in.
package tokens

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/redfire-quant/redfire/fault"
)

// Prefix is how every token begins, so that people and scanners of leaked
// secrets know one when they see it.
const Prefix = "rf_"

// tokenBytes is how many bytes of a token are chance.
const tokenBytes = 32

// A Role is what the holder of a token may do.
type Role string

// The roles.
const (
	Reader Role = "reader" // reads everything, and changes nothing
	Writer Role = "writer" // reads and changes everything
)

// Roles returns all roles, the one that may least first.
func Roles() []Role { return []Role{Reader, Writer} }

// Allows reports whether r may do what needs the role want.
func (r Role) Allows(want Role) bool {
	own, needed := slices.Index(Roles(), r), slices.Index(Roles(), want)
	return needed >= 0 && own >= needed
}

// An Entry is what is known of a token.
type Entry struct {
	Name    string
	Role    Role
	Created time.Time // UTC, whole seconds

	hash [sha256.Size]byte
}

// lookAgain is how often the file is looked at.
const lookAgain = time.Second

// A File is a file of tokens. It is safe for concurrent use, also with others
// that use the same file in this process or in another.
type File struct {
	path string

	mu      sync.Mutex // guards the fields below
	looked  time.Time  // when it was last looked at
	seen    os.FileInfo
	settled bool // seen would differ if the file had changed since it was read
	entries []Entry
	err     error // why nobody is let in
}

// Open returns the file at path. It need not exist: then there are no tokens,
// and New makes it.
func Open(path string) *File { return &File{path: path} }

// New makes a token and returns it: nobody can ask for it again. A name that
// there is already is [fault.APITokenExists].
func (f *File) New(ctx context.Context, name string, role Role) (token string, err error) {
	if err := validate(name, role); err != nil {
		return "", fmt.Errorf("tokens: new: %w", err)
	}
	var b [tokenBytes]byte
	if _, err := rand.Read(b[:]); err != nil {
		return "", fmt.Errorf("tokens: new: %w: %w", fault.Unavailable, err)
	}
	token = Prefix + base64.RawURLEncoding.EncodeToString(b[:])
	made := Entry{name, role, time.Now().UTC().Truncate(time.Second), sha256.Sum256([]byte(token))}
	err = f.change(ctx, func(all []Entry) ([]Entry, error) {
		if indexOf(all, name) >= 0 {
			return nil, fault.APITokenExists.Errorf("there is a token %s already", name)
		}
		return append(all, made), nil
	})
	if err != nil {
		return "", fmt.Errorf("tokens: new: %w", err)
	}
	return token, nil
}

// Revoke ends a token: it is not accepted any more. A name that there is not is
// [fault.APITokenNone].
func (f *File) Revoke(ctx context.Context, name string) error {
	err := f.change(ctx, func(all []Entry) ([]Entry, error) {
		i := indexOf(all, name)
		if i < 0 {
			return nil, fault.APITokenNone.Errorf("there is no token %q", name)
		}
		return slices.Delete(all, i, i+1), nil
	})
	if err != nil {
		return fmt.Errorf("tokens: revoke: %w", err)
	}
	return nil
}

// List returns what there is, in the order in which it was made.
func (f *File) List() ([]Entry, error) {
	all, _, err := read(f.path)
	if err != nil {
		return nil, fmt.Errorf("tokens: list: %w", err)
	}
	return all, nil
}

// Verify returns the entry of a token. One that is not accepted is
// [fault.APIToken], whatever is wrong with it. If the file cannot be read or is
// damaged, every token ends in an error that says so, [fault.APITokenAccess] or
// [fault.APITokenFile]; it names the file, which is for the operator, and not for
// who sent the token.
//
// A token that others revoke is accepted for a second more at most.
func (f *File) Verify(token string) (Entry, error) {
	hash := sha256.Sum256([]byte(token))
	all, err := f.current()
	if err != nil {
		return Entry{}, fmt.Errorf("tokens: verify: %w", err)
	}
	// All are compared, each in the same time, so that how long it takes tells
	// nothing of what there is.
	found := -1
	for i := range all {
		equal := subtle.ConstantTimeCompare(hash[:], all[i].hash[:])
		found = subtle.ConstantTimeSelect(equal, i, found)
	}
	if found < 0 {
		return Entry{}, fmt.Errorf("tokens: verify: %w", errRefused)
	}
	return all[found], nil
}

var errRefused = fault.APIToken.Errorf("the token is missing or not accepted")

func indexOf(all []Entry, name string) int {
	return slices.IndexFunc(all, func(e Entry) bool { return e.Name == name })
}

// longestName is how many letters a name may have.
const longestName = 64

func validate(name string, role Role) error {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._-", r)
	}
	if name == "" || len(name) > longestName || strings.ContainsFunc(name, func(r rune) bool { return !plain(r) }) {
		return fault.APITokenName.Errorf("%q cannot be the name of a token", name)
	}
	if !slices.Contains(Roles(), role) {
		return fault.APITokenName.Errorf("%q is no role; there are reader and writer", role)
	}
	return nil
}
