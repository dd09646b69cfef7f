package trialbox

import (
	"fmt"
	"strings"

	"trialbox/internal/engine"
)

// Log writes a line to the trial's log, as fmt.Println would, which does the same by way of the standard output. The log is for people:
// nothing in it reaches a decision.
func Log(values ...any) {
	engine.Log(strings.TrimSuffix(fmt.Sprintln(values...), "\n"))
}
