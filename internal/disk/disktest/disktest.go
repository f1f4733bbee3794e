// Package disktest has a disk that fails as disks do: it loses what was not
// synced when its power goes, tears writes, fails a sync, flips bits, fills up.
// What it does is decided by its seed, so that a failure can be had again.
//
// It tells the page cache from the disk, as Linux does. What was written is
// there for every process, also after the one that wrote it was killed, and is
// durable once a sync returned. A sync that fails leaves what it should have
// written in the cache as if it were clean: it is seen, and no later sync writes
// it ("PostgreSQL's fsync() surprise", LWN 752063; Rebello and others, "Can
// Applications Recover from fsync Failures?", ATC 2020, of ext4 and XFS). Names
// become durable by a sync of their folder, in any order before that: only what
// happens to one name stays in order (Pillai and others, "All File Systems Are Not
// Created Equal", OSDI 2014, of btrfs). A sync of a folder that fails leaves its
// changes to the next one, since a journal has them: it commits, or the file
// system takes no more changes.
package disktest

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"

	"github.com/redfire-quant/redfire/internal/disk"
)

// sector is what a disk writes whole or not at all.
const sector = 512

// ErrStopped is the error of everything that is done after the power went.
var ErrStopped = errors.New("the power went")

// ErrSync is the error of a Sync that was told to fail.
var ErrSync = errors.New("input/output error")

// A Disk keeps folders in memory. It is safe for concurrent use.
type Disk struct {
	mu       sync.Mutex // guards the fields below and all that hangs on them
	random   *rand.Rand
	folders  map[string]*folder
	done     int   // operations that changed something, so far
	stopAt   int   // the operation at which the power goes, 0 for never
	stopped  bool  // it went
	syncs    int   // syncs of files that succeed before one fails; -1: all do
	names    int   // syncs of folders, likewise
	capacity int64 // bytes in files, 0 for no limit
	hooks    map[string]Hook
}

// A Hook is asked before each operation on a folder, by whoever does it, and may
// wait. It is told what is done: "create", "open", "rename", "remove", "sync names"
// of the folder, or "read", "write", "truncate", "sync" of a file; and the name of
// the file, for a rename the new one. With an error the operation fails, and does
// nothing, but that a sync of a file loses what it should have written.
type Hook func(op, name string) error

// A Late is an error of a Hook after which an operation fails and has happened,
// a write by half: so an answer is lost on its way.
type Late struct{ Err error }

func (l *Late) Error() string { return l.Err.Error() }

// Unwrap returns why the operation fails.
func (l *Late) Unwrap() error { return l.Err }

// New returns an empty disk.
func New(seed uint64) *Disk {
	return &Disk{random: rand.New(rand.NewPCG(seed, 0)), folders: map[string]*folder{}, hooks: map[string]Hook{}, syncs: -1, names: -1}
}

// Folder returns the folder of that name, which it makes if it is not there.
func (d *Disk) Folder(name string) disk.Folder {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.folders[name] == nil {
		d.folders[name] = d.newFolder(name)
	}
	return d.folders[name]
}

// Done returns how many operations have changed something.
func (d *Disk) Done() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.done
}

// StopAt makes the power go at the n-th operation that changes something,
// counted from the beginning. If it is a write, a part of it happens.
func (d *Disk) StopAt(n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.stopAt = n
}

// FailSync makes one sync of a file fail, after that many that succeed.
func (d *Disk) FailSync(after int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.syncs = after
}

// FailFolderSync makes one sync of a folder fail, after that many that succeed.
func (d *Disk) FailFolderSync(after int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.names = after
}

// Ask has h be asked before each operation on the folder of that name, until the
// next call; nil is no hook.
func (d *Disk) Ask(folder string, h Hook) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.hooks[folder] = h
}

// Limit makes the disk full at that many bytes in files; 0 is no limit.
func (d *Disk) Limit(bytes int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.capacity = bytes
}

// Crash returns what the machine finds when the power is back: all that was
// synced, and of the rest as much as chance would have it. Nothing more can be
// done to d. The disk that is returned was told of no failures yet.
func (d *Disk) Crash() *Disk {
	return d.copied(func(f, to *folder) {
		to.now = f.survived(d)
		for _, name := range slices.Sorted(maps.Keys(to.now)) {
			to.now[name] = to.now[name].crashed(d)
		}
		to.durable = maps.Clone(to.now)
	})
}

// Kill returns what the next process finds when this one was killed: all that
// was written. It is as durable as it was before, and a Crash of what is returned
// shows how much that is. Otherwise it is like Crash.
func (d *Disk) Kill() *Disk {
	same := map[*inode]*inode{nil: nil}
	of := func(n *inode) *inode {
		if _, ok := same[n]; !ok {
			same[n] = n.clone()
		}
		return same[n]
	}
	return d.copied(func(f, to *folder) {
		for name, n := range f.now {
			to.now[name] = of(n)
		}
		for name, n := range f.durable {
			to.durable[name] = of(n)
		}
		for _, c := range f.pending {
			to.pending = append(to.pending, change{c.from, c.to, of(c.file)})
		}
	})
}

// copied returns a disk with what left puts into each folder. Nothing more can be
// done to d.
func (d *Disk) copied(left func(from, to *folder)) *Disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.stopped = true
	e := New(d.random.Uint64())
	for _, name := range slices.Sorted(maps.Keys(d.folders)) {
		e.folders[name] = e.newFolder(name)
		left(d.folders[name], e.folders[name])
	}
	return e
}

func (d *Disk) newFolder(name string) *folder {
	return &folder{disk: d, name: name, now: map[string]*inode{}, durable: map[string]*inode{}}
}

// some returns a number from 0 to n, and often one of the ends.
func (d *Disk) some(n int) int {
	switch d.random.IntN(3) {
	case 0:
		return 0
	case 1:
		return n
	}
	return d.random.IntN(n + 1)
}

// change begins an operation that changes something.
func (d *Disk) change() error {
	if d.stopped {
		return ErrStopped
	}
	d.done++
	if d.done == d.stopAt {
		d.stopped = true
		return ErrStopped
	}
	return nil
}

// fails counts a sync, and reports whether it is the one that fails.
func fails(left *int) bool {
	if *left < 0 {
		return false
	}
	*left--
	return *left < 0
}

func (d *Disk) used() (bytes int64) {
	for _, f := range d.folders {
		for _, n := range f.now {
			bytes += int64(len(n.data))
		}
	}
	return bytes
}

// An inode is a file, whatever its name.
type inode struct {
	data    []byte
	durable []byte
	dirty   map[int64]bool // sectors that a sync would write
	lost    map[int64]bool // sectors that a sync failed to write, and no other will before they are written to
}

func (n *inode) clone() *inode {
	return &inode{slices.Clone(n.data), slices.Clone(n.durable), maps.Clone(n.dirty), maps.Clone(n.lost)}
}

// crashed returns the file as the power left it.
func (n *inode) crashed(d *Disk) *inode {
	short, long := min(len(n.data), len(n.durable)), max(len(n.data), len(n.durable))
	after := make([]byte, short+d.some(long-short))
	copy(after, n.durable)
	unsure := slices.Sorted(maps.Keys(n.dirty))
	unsure = append(unsure, slices.Sorted(maps.Keys(n.lost))...)
	mode := d.random.IntN(4)
	for _, at := range unsure {
		if from := at * sector; mode > 1 && d.random.IntN(2) == 0 || mode == 1 {
			copy(clip(after, from), clip(n.data, from))
		}
	}
	return &inode{data: after, durable: slices.Clone(after)}
}

// clip returns the sector of b at from, as far as it goes.
func clip(b []byte, from int64) []byte {
	from = min(from, int64(len(b)))
	return b[from:min(from+sector, int64(len(b)))]
}

func (n *inode) touch(from, to int64) {
	if n.dirty == nil {
		n.dirty = map[int64]bool{}
	}
	for at := from / sector; at*sector < to; at++ {
		n.dirty[at] = true
		delete(n.lost, at)
	}
}

// lose makes what is dirty such that no sync writes it any more.
func (n *inode) lose() {
	if n.lost == nil {
		n.lost = map[int64]bool{}
	}
	maps.Copy(n.lost, n.dirty)
	n.dirty = nil
}

func (n *inode) resize(size int64) {
	old := int64(len(n.data))
	if size <= old {
		n.data = n.data[:size]
		return
	}
	n.data = append(n.data, make([]byte, size-old)...)
	n.touch(old, size)
}

// A change is one of the names in a folder.
type change struct {
	from, to string // the name that goes, and the one that comes; "" for none
	file     *inode // that is called to
}

func (c change) apply(names map[string]*inode) {
	delete(names, c.from)
	if c.to != "" {
		names[c.to] = c.file
	}
}

// A folder is a directory of a Disk.
type folder struct {
	disk    *Disk
	name    string
	now     map[string]*inode
	durable map[string]*inode
	pending []change // that are not durable, in order
}

// survived returns the names as the power left them.
func (f *folder) survived(d *Disk) map[string]*inode {
	names := maps.Clone(f.durable)
	first, inOrder := d.some(len(f.pending)), d.random.IntN(2) == 0
	late := map[string]bool{} // names of which a change did not happen
	for i, c := range f.pending {
		happens := i < first
		if !inOrder {
			happens = d.random.IntN(2) == 0
		}
		if happens && !late[c.from] && !late[c.to] {
			c.apply(names)
			continue
		}
		late[c.from], late[c.to] = true, true
		delete(late, "")
	}
	return names
}

func (f *folder) Path(name string) string { return f.name + "/" + name }

func (f *folder) fault(op, name string, err error) error {
	return &fs.PathError{Op: op, Path: f.Path(name), Err: err}
}

// ask asks the hook of the folder whether an operation fails, and whether it
// happens.
func (f *folder) ask(op, name string) (happens bool, err error) {
	f.disk.mu.Lock()
	hook := f.disk.hooks[f.name]
	f.disk.mu.Unlock()
	if hook == nil {
		return true, nil
	}
	if err = hook(op, name); err == nil {
		return true, nil
	}
	return errors.As(err, new(*Late)), f.fault(op, name, err)
}

// asked does an operation unless the hook says that it fails.
func (f *folder) asked(op, name string, do func() error) error {
	happens, err := f.ask(op, name)
	if happens {
		if failed := do(); failed != nil {
			return failed
		}
	}
	return err
}

// rename makes a change of names.
func (f *folder) rename(c change) {
	c.apply(f.now)
	f.pending = append(f.pending, c)
}

func (f *folder) Create(name string) (made disk.File, err error) {
	err = f.asked("create", name, func() (err error) { made, err = f.create(name); return err })
	if err != nil {
		return nil, err
	}
	return made, nil
}

func (f *folder) create(name string) (disk.File, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if f.now[name] != nil && !f.disk.stopped {
		return nil, f.fault("create", name, fs.ErrExist)
	}
	if err := f.disk.change(); err != nil {
		return nil, f.fault("create", name, err)
	}
	n := &inode{}
	f.rename(change{"", name, n})
	return &file{f, name, n}, nil
}

func (f *folder) Open(name string) (disk.File, error) {
	if _, err := f.ask("open", name); err != nil {
		return nil, err
	}
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	n := f.now[name]
	switch {
	case f.disk.stopped:
		return nil, f.fault("open", name, ErrStopped)
	case n == nil:
		return nil, f.fault("open", name, fs.ErrNotExist)
	}
	return &file{f, name, n}, nil
}

func (f *folder) Rename(from, to string) error {
	return f.asked("rename", to, func() error { return f.renameNow(from, to) })
}

func (f *folder) renameNow(from, to string) error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	n := f.now[from]
	if n == nil && !f.disk.stopped {
		return f.fault("rename", from, fs.ErrNotExist)
	}
	if err := f.disk.change(); err != nil {
		return f.fault("rename", from, err)
	}
	f.rename(change{from, to, n})
	return nil
}

func (f *folder) Remove(name string) error {
	return f.asked("remove", name, func() error { return f.removeNow(name) })
}

func (f *folder) removeNow(name string) error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if f.now[name] == nil && !f.disk.stopped {
		return f.fault("remove", name, fs.ErrNotExist)
	}
	if err := f.disk.change(); err != nil {
		return f.fault("remove", name, err)
	}
	f.rename(change{name, "", nil})
	return nil
}

func (f *folder) List() ([]string, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if f.disk.stopped {
		return nil, f.fault("list", "", ErrStopped)
	}
	return slices.Sorted(maps.Keys(f.now)), nil
}

func (f *folder) Sync() error {
	return f.asked("sync names", "", func() error { return f.syncNow() })
}

func (f *folder) syncNow() error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if err := f.disk.change(); err != nil {
		return f.fault("sync", "", err)
	}
	if fails(&f.disk.names) {
		return f.fault("sync", "", ErrSync)
	}
	f.durable, f.pending = maps.Clone(f.now), nil
	return nil
}

func (f *folder) Free() (int64, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if f.disk.stopped {
		return 0, f.fault("free", "", ErrStopped)
	}
	if f.disk.capacity == 0 {
		return 1 << 40, nil
	}
	return max(0, f.disk.capacity-f.disk.used()), nil
}

// A file is an open file of a Disk.
type file struct {
	folder *folder
	name   string
	inode  *inode
}

func (f *file) fault(op string, err error) error { return f.folder.fault(op, f.name, err) }

func (f *file) ReadAt(b []byte, at int64) (int, error) {
	if _, err := f.folder.ask("read", f.name); err != nil {
		return 0, err
	}
	f.folder.disk.mu.Lock()
	defer f.folder.disk.mu.Unlock()
	if f.folder.disk.stopped {
		return 0, f.fault("read", ErrStopped)
	}
	if len(b) > 0 && at >= int64(len(f.inode.data)) {
		return 0, io.EOF
	}
	at = min(at, int64(len(f.inode.data)))
	n := copy(b, f.inode.data[at:])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func (f *file) WriteAt(b []byte, at int64) (n int, err error) {
	happens, why := f.folder.ask("write", f.name)
	if why != nil {
		b = b[:len(b)/2]
	}
	if happens {
		n, err = f.write(b, at)
	}
	if err == nil {
		err = why
	}
	return n, err
}

func (f *file) write(b []byte, at int64) (int, error) {
	d := f.folder.disk
	d.mu.Lock()
	defer d.mu.Unlock()
	was := d.stopped
	err := d.change()
	part := int64(len(b))
	switch more := at + part - int64(len(f.inode.data)); {
	case was:
		return 0, f.fault("write", ErrStopped)
	case err != nil:
		part = int64(d.some(len(b)))
	case more > 0 && d.capacity > 0 && d.used()+more > d.capacity:
		part = max(0, part-(d.used()+more-d.capacity))
		err = fmt.Errorf("%w: %w", disk.ErrFull, errors.New("a limit of the test"))
	}
	if part > 0 {
		f.inode.resize(max(int64(len(f.inode.data)), at+part))
		copy(f.inode.data[at:], b[:part])
		f.inode.touch(at, at+part)
	}
	if err != nil {
		return int(part), f.fault("write", err)
	}
	return int(part), nil
}

func (f *file) Truncate(size int64) error {
	return f.folder.asked("truncate", f.name, func() error { return f.truncate(size) })
}

func (f *file) truncate(size int64) error {
	f.folder.disk.mu.Lock()
	defer f.folder.disk.mu.Unlock()
	if err := f.folder.disk.change(); err != nil {
		return f.fault("truncate", err)
	}
	f.inode.resize(size)
	return nil
}

func (f *file) Sync() error {
	_, err := f.folder.ask("sync", f.name)
	return f.sync(err)
}

// sync makes the file durable, unless it fails for a reason.
func (f *file) sync(why error) error {
	d := f.folder.disk
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.change(); err != nil {
		return f.fault("sync", err)
	}
	n := f.inode
	if why == nil && fails(&d.syncs) {
		why = f.fault("sync", ErrSync)
	}
	if why != nil {
		n.lose()
		return why
	}
	n.durable = append(n.durable[:min(len(n.durable), len(n.data))], make([]byte, max(0, len(n.data)-len(n.durable)))...)
	for at := range n.dirty {
		copy(clip(n.durable, at*sector), clip(n.data, at*sector))
	}
	n.dirty = nil
	return nil
}

func (f *file) Size() (int64, error) {
	f.folder.disk.mu.Lock()
	defer f.folder.disk.mu.Unlock()
	if f.folder.disk.stopped {
		return 0, f.fault("size", ErrStopped)
	}
	return int64(len(f.inode.data)), nil
}

func (f *file) Close() error { return nil }
