package engines

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Account returns the ids of user in the machine that has root as its root. A
// machine without such a user runs its programs as nobody.
func Account(root, user string) (uid, gid uint32, err error) {
	f, err := os.Open(filepath.Join(root, "/etc/passwd"))
	if err != nil {
		return 0, 0, fmt.Errorf("engines: find user %s: %w", user, err)
	}
	defer f.Close()
	found := false
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		fields := strings.Split(lines.Text(), ":")
		if len(fields) < 4 || fields[0] != user && fields[0] != "nobody" {
			continue
		}
		u, errUID := strconv.ParseUint(fields[2], 10, 32)
		g, errGID := strconv.ParseUint(fields[3], 10, 32)
		if errUID != nil || errGID != nil {
			continue
		}
		uid, gid, found = uint32(u), uint32(g), true
		if fields[0] == user {
			return uid, gid, nil
		}
	}
	if err := lines.Err(); err != nil {
		return 0, 0, fmt.Errorf("engines: find user %s: %w", user, err)
	}
	if !found {
		return 0, 0, fmt.Errorf("engines: no user %s and no nobody in %s", user, f.Name())
	}
	return uid, gid, nil
}
