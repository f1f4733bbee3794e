package localseries

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/zeebo/xxh3"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/internal/disk"
	"github.com/redfire-quant/redfire/internal/seglog"
)

// A manifest, manifest-0000000001 and on, says which files count:
//
//	0 8  "RFMANIFE"
//	8 8  version, 1
//	16 8 generation, the number in its name
//	24 8 floor: from where on the log counts
//	32 8 number of the next segment
//	40 8 forgotten: what was deleted up to this change is not known any more
//	48   a count of segments, and of each 8 bytes of number, 8 of size, 8 of the
//	     XXH3-64 of its directory, and 8 of the change with which it began to
//	     count, 0 if its rows were in the log before
//
// Two roots, root.a and root.b, say which manifest counts:
//
//	0 8  "RFSEROOT"
//	8 8  generation
//	16 8 length of the manifest
//	24 8 its XXH3-64
//	32 8 XXH3-64 of the 32 bytes before
//
// One is written after the other, so that one of them is always sound. Nothing
// that the new manifest does not name is removed before both are durable.
type manifest struct {
	generation uint64
	floor      seglog.Position
	next       uint64
	forgotten  uint64
	segments   []listed
}

// A listed is what a manifest says of a segment.
type listed struct {
	number uint64
	size   int64
	sum    uint64

	accepted uint64
}

const (
	manifestPrefix  = "manifest-"
	manifestVersion = 1
	manifestStart   = 48
	rootBytes       = 40
	maxManifest     = 1 << 30
)

var (
	manifestMagic = []byte("RFMANIFE")
	rootMagic     = []byte("RFSEROOT")
	rootNames     = [2]string{"root.a", "root.b"}
)

func manifestName(generation uint64) string {
	return fmt.Sprintf("%s%010d", manifestPrefix, generation)
}

func manifestNumber(name string) (uint64, bool) {
	digits, ok := strings.CutPrefix(name, manifestPrefix)
	n, err := strconv.ParseUint(digits, 10, 64)
	return n, ok && err == nil && manifestName(n) == name
}

func (m *manifest) bytes() []byte {
	b := append([]byte{}, manifestMagic...)
	for _, n := range []uint64{manifestVersion, m.generation, uint64(m.floor), m.next, m.forgotten} {
		b = order.AppendUint64(b, n)
	}
	b = appendCount(b, len(m.segments))
	for _, s := range m.segments {
		b = order.AppendUint64(b, s.number)
		b = order.AppendUint64(b, uint64(s.size))
		b = order.AppendUint64(b, s.sum)
		b = order.AppendUint64(b, s.accepted)
	}
	return b
}

func parseManifest(b []byte) (*manifest, error) {
	p := &parser{b: b}
	if string(p.take(8)) != string(manifestMagic) {
		return nil, errHead
	}
	if v := p.uint64(); v != manifestVersion {
		return nil, fault.DiskFormat.Errorf("the manifest is of format %d, not %d", v, manifestVersion)
	}
	m := &manifest{generation: p.uint64(), floor: seglog.Position(p.uint64()), next: p.uint64(), forgotten: p.uint64()}
	for range p.count(32) {
		m.segments = append(m.segments, listed{p.uint64(), int64(p.uint64()), p.uint64(), p.uint64()})
	}
	if p.err == nil && len(p.b) > 0 {
		p.err = errShape
	}
	return m, p.err
}

// publish makes m the manifest that counts, durably. After an error that is not
// errUnlisted, it may count.
func (m *manifest) publish(d disk.Folder) error {
	b := m.bytes()
	if err := writeFile(d, manifestName(m.generation), b); err != nil {
		return fmt.Errorf("%w%w", errUnlisted, err)
	}
	root := append([]byte{}, rootMagic...)
	root = order.AppendUint64(root, m.generation)
	root = order.AppendUint64(root, uint64(len(b)))
	root = order.AppendUint64(root, xxh3.Hash(b))
	root = order.AppendUint64(root, xxh3.Hash(root))
	for _, name := range rootNames {
		if err := writeFile(d, name, root); err != nil {
			return err
		}
	}
	return nil
}

// errUnlisted tells of a manifest that does not count, and adds nothing to what is
// said of the cause.
var errUnlisted = errors.New("")

// writeFile puts a file in its place whole, durably.
func writeFile(d disk.Folder, name string, b []byte) error {
	temporary := name + ".new"
	if err := d.Remove(temporary); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return failed(err)
	}
	f, err := d.Create(temporary)
	if err != nil {
		return failed(err)
	}
	_, err = f.WriteAt(b, 0)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = d.Rename(temporary, name)
	}
	if err == nil {
		err = d.Sync()
	}
	if err != nil {
		return failed(err)
	}
	return nil
}

// readManifest returns the manifest that counts, nil if the folder is new. mend
// tells that one of the roots is not sound, or names another one, and that both
// should be written again: the other manifest may be the one that is durable.
func readManifest(d disk.Folder) (m *manifest, mend bool, err error) {
	var best *manifest
	var errs []error
	missing, older := 0, false
	for _, name := range rootNames {
		m, err := readRoot(d, name)
		switch {
		case err != nil:
			errs = append(errs, err)
		case m == nil:
			missing++
		case best == nil:
			best = m
		case m.generation != best.generation:
			older = true
			if m.generation > best.generation {
				best = m
			}
		}
	}
	switch {
	case best != nil:
		return best, older || missing+len(errs) > 0, nil
	case missing == len(rootNames):
		return nil, false, nil
	}
	return nil, false, errors.Join(errs...)
}

// readRoot returns the manifest that a root names, nil if there is no such root.
func readRoot(d disk.Folder, name string) (*manifest, error) {
	b, err := disk.ReadFile(d, name, 1<<10)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, failed(err)
	}
	if len(b) != rootBytes || string(b[:8]) != string(rootMagic) || order.Uint64(b[32:]) != xxh3.Hash(b[:32]) {
		return nil, fault.DiskDamaged.Errorf("%s: %w", d.Path(name), errHead)
	}
	of := manifestName(order.Uint64(b[8:]))
	content, err := disk.ReadFile(d, of, maxManifest)
	if err != nil {
		return nil, missing(d.Path(of), err)
	}
	if uint64(len(content)) != order.Uint64(b[16:]) || xxh3.Hash(content) != order.Uint64(b[24:]) {
		return nil, fault.DiskDamaged.Errorf("%s: %w", d.Path(of), errSum)
	}
	m, err := parseManifest(content)
	if err != nil {
		return nil, fault.DiskDamaged.Errorf("%s: %w", d.Path(of), err)
	}
	return m, nil
}
