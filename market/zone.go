package market

import (
	"path"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // zones must not be missing on Windows or in a bare container

	"github.com/redfire-quant/redfire/fault"
)

// LoadZone returns the time zone of the given name: one of the IANA database,
// "Asia/Shanghai", or a fixed offset from UTC, "+08:00". Names that stand for
// the zone of the machine are [fault.Invalid], as are unknown ones.
func LoadZone(name string) (*time.Location, error) {
	if t, err := time.Parse("-07:00", name); err == nil && offsetInRange(name) {
		_, offset := t.Zone()
		return time.FixedZone(name, offset), nil
	}
	top, _, _ := strings.Cut(name, "/")
	// The empty name and Local are the machine's zone to package time. The
	// others lie in many a machine's database and mean it too, or count leap
	// seconds; a path that is not clean, ./localtime, leads there as well.
	if slices.Contains([]string{"", "Local", "localtime", "posixrules", "Factory", "posix", "right"}, top) || path.Clean(name) != name {
		return nil, fault.MarketZone.Errorf("time zone %q is not one that means the same on every machine", clip(name))
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fault.MarketZone.Errorf("time zone %q is not in the IANA database", clip(name))
	}
	return zone, nil
}

// onlyInstant returns the one instant at which the clock of zone shows wall,
// whose own zone is of no meaning.
func onlyInstant(wall time.Time, zone *time.Location) (time.Time, error) {
	found, _ := instantsOf(wall, zone)
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return time.Time{}, fault.MarketSkipped.Errorf("%s does not exist in %s: the clocks were put forward over it", wall.Format(wallLayout), zone)
	}
	var offsets []string
	for _, t := range found {
		// As ParseTime reads it; only local mean time has seconds.
		offsets = append(offsets, strings.TrimSuffix(t.In(zone).Format("-07:00:00"), ":00"))
	}
	return time.Time{}, fault.MarketRepeated.Errorf("%s exists %d times in %s, with the offsets %s", wall.Format(wallLayout), len(found), zone, strings.Join(offsets, " and "))
}

const wallLayout = "2006-01-02T15:04:05.999999999"

// farthest is more than any zone was ever away from UTC.
const farthest = 18 * time.Hour

// instantsOf returns the instants at which the clock of zone shows wall, in
// order: one as a rule, two where the clocks were put back over it, none where
// they were put forward over it. In the last case jump is the instant at
// which they were.
//
// It tries every offset that zone has around wall, because [time.Date] does
// not say which of two instants it chose.
func instantsOf(wall time.Time, zone *time.Location) (found []time.Time, jump time.Time) {
	wall = time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), wall.Second(), wall.Nanosecond(), time.UTC)
	for at := wall.Add(-farthest); ; {
		local := at.In(zone)
		_, offset := local.Zone()
		t := wall.Add(-time.Duration(offset) * time.Second)
		if _, there := t.In(zone).Zone(); there == offset && !slices.ContainsFunc(found, t.Equal) {
			found = append(found, t)
		}
		_, to := local.ZoneBounds()
		if to.IsZero() || to.After(wall.Add(farthest)) {
			slices.SortFunc(found, time.Time.Compare)
			return found, jump
		}
		if !to.After(at) {
			// On the last day of a leap year Go 1.26 gives bounds that end
			// before at (golang/go#81583); no clock changes there.
			to = at.Add(time.Hour)
		}
		if _, after := to.In(zone).Zone(); !t.Before(to) && wall.Add(-time.Duration(after)*time.Second).Before(to) {
			jump = to.UTC()
		}
		at = to
	}
}

// dayOf returns the day of zone that holds t, from its first instant to the
// first of the next day. It lasts 23 to 25 hours where the clocks change.
func dayOf(t time.Time, zone *time.Location) (from, to time.Time) {
	y, m, d := t.In(zone).Date()
	from, to = midnight(y, m, d, zone), midnight(y, m, d+1, zone)
	if !t.Before(to) {
		// Just after midnight the clocks were put back over it: the rest of
		// the old date belongs to the day that has begun.
		from, to = to, midnight(y, m, d+2, zone)
	}
	return from, to
}

// midnight returns the first instant of a date: the first time that the clock
// shows 00:00 or, where it was put forward over it, the instant of that.
func midnight(y int, m time.Month, d int, zone *time.Location) time.Time {
	wall := time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	found, jump := instantsOf(wall, zone)
	if len(found) == 0 {
		return jump
	}
	return found[0]
}
