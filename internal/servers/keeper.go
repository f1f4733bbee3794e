package servers

// keeperVariable makes a test binary a keeper: it is the one program that is
// certain to be there.
const keeperVariable = "REDFIRE_SERVERS_KEEPER"

// An order is what a keeper has to start, as a line of JSON on its standard
// input. After it comes wordKeep on a line, when the keeper may go and leave the
// folder alone, or else the end, when whoever gave the order is dead.
type order struct {
	Path string // as seen from Root
	Args []string
	Env  []string
	Root string // the program's root folder, "" for the machine's
	User string // who runs it, where the keeper is root; "" for the keeper's user
	Proc bool   // it needs a /proc, which Root has not

	Log    string // takes what the program prints
	Folder string // removed when the order's giver is dead
}

const wordKeep = "keep"

// What a keeper tells, a line each on its standard output: eventStarted with
// the process's id or eventFailed with the reason, then eventEnded with how.
const (
	eventStarted = "started"
	eventFailed  = "failed"
	eventEnded   = "ended"
)
