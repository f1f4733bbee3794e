package raw

import (
	"os"
	"path/filepath"
	"testing"
)

func TestWhatIsWrittenIsThere(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "below"), 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(filepath.Join(dir, "below", "raw"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for range 2 {
		if err := WriteSynced(f, Bytes(300_000)); err != nil {
			t.Fatal(err)
		}
	}
	if err := SyncDir(filepath.Dir(f.Name())); err != nil {
		t.Error(err)
	}
	if n, err := Size(dir); n != 600_000 || err != nil {
		t.Errorf("got %d bytes, error %v", n, err)
	}
	if err := Read(f.Name()); err != nil {
		t.Error(err)
	}
	if Read(f.Name()+"x") == nil || SyncDir(f.Name()+"x") == nil {
		t.Error("what is not there was read or synced")
	}
}
