// Package fault names the ways in which RedFire can fail.
//
// Every error that leaves a RedFire package is of one [Kind], and says so to
// [errors.Is]. A program decides by the kind: retry what is [Unavailable],
// look before repeating what is [Unknown], mend what is [Invalid]. Failures
// that an operator can tell apart also carry a [Code], RF-CFG-003, whose
// summary and cure are in [Codes], in docs/en/errors.md and in the answer of
// "redfire explain".
//
// Kinds and codes are errors themselves, so a package wraps them as it wraps
// any cause, and both stay visible:
//
//	return fmt.Errorf("%w: %w", fault.Unavailable, err)
//	return fault.ConfigUnknownKey.Errorf("unknown key %q", key)
//	return fmt.Errorf("series: write %s: %w", symbol, err)
//
// A cancelled context is not a kind: it stays [context.Canceled] or
// [context.DeadlineExceeded], beside [Unknown] where work had already been
// given to commit.
//
// At the edge of a program [KindOf], [CodeOf] and [PlaceOf] take an error
// apart, and [HTTPStatus] and [ExitCode] say what the edge makes of it.
package fault

import (
	"context"
	"errors"
	"net/http"
	"slices"
)

// A Kind is one of the few ways to fail by which callers decide what to do.
// It is an error: wrap it with %w and find it with [errors.Is].
type Kind string

// The kinds. Their texts stand in messages and in the JSON form of errors,
// and do not change.
const (
	// Invalid means that the request can never succeed as it stands.
	Invalid Kind = "invalid"

	// Denied means that the caller may not do this.
	Denied Kind = "denied"

	// NotFound means that the thing asked for does not exist.
	NotFound Kind = "not found"

	// Conflict means that the stored state is not the one the caller relied on.
	Conflict Kind = "conflict"

	// Exhausted means that a limit of ours is reached: a queue, a pool, a
	// quota, the floor of free disk space. The same call may succeed later.
	Exhausted Kind = "exhausted"

	// Unavailable means that the engine could not be reached. Nothing was
	// changed and the same call may succeed later.
	Unavailable Kind = "unavailable"

	// Unknown means that it may or may not have happened: look, or repeat
	// with the same id.
	Unknown Kind = "outcome unknown"

	// Corrupt means that stored bytes fail their check. Nothing was returned.
	Corrupt Kind = "corrupt"

	// Unsupported means that this engine or server cannot do it.
	Unsupported Kind = "unsupported"

	// Closed means that the store was closed before or during the call.
	Closed Kind = "closed"
)

// Error makes a kind an error. It returns the kind's text.
func (k Kind) Error() string { return string(k) }

// Is reports whether target is what k stands for in the standard library, so
// that a caller who knows only [errors.ErrUnsupported] is answered too.
func (k Kind) Is(target error) bool {
	return k == Unsupported && target == errors.ErrUnsupported
}

// A Rule says what the edges of a program make of one kind.
type Rule struct {
	Kind Kind

	// Status is the HTTP status that answers a failure of the kind.
	Status int

	// Also lists the statuses that may stand in for Status where they say
	// more: 413 for a body that is too large, 401 for a missing token.
	Also []int

	// Exit is the exit code of the command.
	Exit int

	// Meaning is one sentence for the reference.
	Meaning Text
}

// Exit codes of the command that stand for no kind.
const (
	// ExitRefused is done, but rows were refused.
	ExitRefused = 5

	// ExitInterrupted is stopped by the user: 128 and the number of SIGINT,
	// as shells count it.
	ExitInterrupted = 130
)

// Status codes of errors that carry no kind.
const (
	// statusCancelled is what proxies log for a client that went away. Nobody
	// is there to read it.
	statusCancelled = 499

	exitOther = 1
)

// rules is the one table of kinds, in the order in which docs list them.
var rules = []Rule{
	{Invalid, http.StatusBadRequest, []int{http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity}, 2,
		Text{"The request can never succeed as it stands.", "请求本身有误，原样重试永远不会成功。"}},
	{Denied, http.StatusForbidden, []int{http.StatusUnauthorized}, 4,
		Text{"The caller may not do this.", "调用者没有权限。"}},
	{NotFound, http.StatusNotFound, nil, 1,
		Text{"The thing asked for does not exist.", "所请求的对象不存在。"}},
	{Conflict, http.StatusConflict, nil, 1,
		Text{"The stored state is not what the caller relied on.", "存储中的状态与调用者所依据的不一致。"}},
	{Exhausted, http.StatusTooManyRequests, []int{http.StatusInsufficientStorage}, 1,
		Text{"A limit of RedFire is reached (queue, pool, quota, free disk space); retry later.", "达到 RedFire 的某个上限（队列、连接池、配额、剩余磁盘空间）；请稍后重试。"}},
	{Unavailable, http.StatusServiceUnavailable, nil, 1,
		Text{"The engine could not be reached; nothing was changed.", "无法连接到引擎；没有任何改动。"}},
	{Unknown, http.StatusGatewayTimeout, nil, 1,
		Text{"It may or may not have happened: look, or repeat with the same id.", "操作可能已经发生，也可能没有：请先查询，或用同一个 id 重试。"}},
	{Corrupt, http.StatusInternalServerError, nil, 3,
		Text{"Stored bytes fail their check; nothing was returned.", "存储的数据未通过校验；没有返回任何数据。"}},
	{Unsupported, http.StatusNotImplemented, nil, 1,
		Text{"This engine or server cannot do it.", "该引擎或服务器不支持此操作。"}},
	{Closed, http.StatusServiceUnavailable, nil, 1,
		Text{"The store was closed before or during the call.", "存储在调用之前或调用期间被关闭。"}},
}

// Rules returns the table from kinds to HTTP statuses and exit codes, in the
// order of the documentation. The slice is the caller's.
func Rules() []Rule {
	all := slices.Clone(rules)
	for i := range all {
		all[i].Also = slices.Clone(all[i].Also)
	}
	return all
}

// KindOf returns the kind of err, or "" for nil and for an error without one.
// Where err holds several, as a joined error may, it is the first one that
// [errors.As] meets: the outermost, and of siblings the earliest.
// [errors.ErrUnsupported] is as good as Unsupported.
func KindOf(err error) Kind {
	var k Kind
	if !errors.As(err, &k) && errors.Is(err, errors.ErrUnsupported) {
		return Unsupported
	}
	return k
}

// HTTPStatus returns the status that answers a request which failed with err:
// that of err's kind, 499 for a cancelled context, 504 for a deadline that
// passed, and 500 for everything else.
func HTTPStatus(err error) int {
	if r, ok := ruleOf(KindOf(err)); ok {
		return r.Status
	}
	switch {
	case errors.Is(err, context.Canceled):
		return statusCancelled
	case errors.Is(err, context.DeadlineExceeded):
		return http.StatusGatewayTimeout
	}
	return http.StatusInternalServerError
}

// ExitCode returns the exit code of a command that ended with err: 0 for nil,
// 130 for a cancelled context (the user pressed Ctrl-C, whatever else went
// wrong because of it), else that of err's kind, and 1 for everything else.
func ExitCode(err error) int {
	if err == nil {
		return 0
	}
	if errors.Is(err, context.Canceled) {
		return ExitInterrupted
	}
	if r, ok := ruleOf(KindOf(err)); ok {
		return r.Exit
	}
	return exitOther
}

func ruleOf(k Kind) (Rule, bool) {
	i := slices.IndexFunc(rules, func(r Rule) bool { return r.Kind == k })
	if i < 0 {
		return Rule{}, false
	}
	return rules[i], true
}
