package trialbox

import (
	"fmt"
	"runtime"
	"strings"
)

// callsMax is how many calls of a panic are shown: what is kept of a failure has a limit.
const callsMax = 32

// failure gives the reason why a training failed; it is empty if it did not. A panic is a reason like any error.
func failure(train func() error) (reason string) {
	defer func() {
		if value := recover(); value != nil {
			// Its own words come first, as they matter most.
			reason = fmt.Sprintf("panic: %v\n%s", value, calls())
		}
	}()
	err := train()
	switch {
	case err == nil:
		return ""
	case err.Error() == "":
		return fmt.Sprintf("an error without words: %T", err)
	default:
		return err.Error()
	}
}

// calls gives the calls that led to a panic, the last one first, from that of the training function on, but for those of Go's own that panic.
func calls() string {
	counters := make([]uintptr, callsMax)
	frames := runtime.CallersFrames(counters[:runtime.Callers(1, counters)])
	var lines strings.Builder
	for isPast := false; ; {
		frame, isMore := frames.Next()
		isOfPanic := strings.HasPrefix(frame.Function, "runtime.")
		if !isMore || strings.HasSuffix(frame.Function, ".trainWith") {
			return lines.String()
		}
		if isPast && !isOfPanic {
			fmt.Fprintf(&lines, "\t%s (%s:%d)\n", frame.Function, frame.File, frame.Line)
		}
		isPast = isPast || isOfPanic
	}
}
