package disk

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// A Holder is the process that holds a folder.
type Holder struct {
	PID   int       `json:"pid"`
	Host  string    `json:"host"`
	Since time.Time `json:"since"`
}

// String returns the holder for people.
func (h Holder) String() string {
	if h.PID == 0 {
		return "another process"
	}
	return fmt.Sprintf("process %d on %s since %s", h.PID, h.Host, h.Since.UTC().Format(time.RFC3339))
}

// A HeldError is the error of [Lock] for a folder that is held already.
type HeldError struct {
	Path   string
	Holder Holder
}

// Error names folder and holder.
func (e *HeldError) Error() string { return fmt.Sprintf("%s is held by %s", e.Path, e.Holder) }

const (
	lockName   = "lock"
	holderName = "lock.holder"
)

// Lock holds the folder at path, until what it returns is called or the process
// ends, however it ends. If somebody holds it already, in this process or in
// another one, the error is a [HeldError].
func Lock(path string) (unlock func() error, err error) {
	f, err := lockFile(filepath.Join(path, lockName))
	if errors.Is(err, errHeld) {
		return nil, &HeldError{path, readHolder(path)}
	}
	if err != nil {
		return nil, err
	}
	h := Holder{PID: os.Getpid(), Since: time.Now()}
	if h.Host, err = os.Hostname(); err != nil {
		h.Host = "this machine"
	}
	b, err := json.Marshal(h)
	if err == nil {
		err = os.WriteFile(filepath.Join(path, holderName), b, 0o640)
	}
	if err != nil {
		return nil, errors.Join(full(err), f.Close())
	}
	return f.Close, nil
}

var errHeld = errors.New("the lock is held")

// readHolder returns who says that he holds a folder. He may be writing it.
func readHolder(path string) Holder {
	var h Holder
	b, err := os.ReadFile(filepath.Join(path, holderName))
	if err != nil || json.Unmarshal(b, &h) != nil {
		return Holder{}
	}
	return h
}
