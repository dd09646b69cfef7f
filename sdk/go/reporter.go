package trialbox

import (
	"fmt"
	"math/rand/v2"

	"trialbox/internal/contract"
	"trialbox/internal/pairs"
)

// Attributes are what one report says, by name: each a float64, an int, a bool or a string.
type Attributes map[string]any

// Reporter is what a training function reports to, and where its random numbers come from.
type Reporter struct {
	seed    uint64
	random  *rand.Rand
	send    func([]contract.Attribute)
	reports []Attributes
}

// NewReporter makes a reporter that keeps the reports instead of sending them: for tests.
func NewReporter(seed uint64) *Reporter {
	reporter := reporterTo(seed, nil)
	reporter.send = reporter.keep
	return reporter
}

// reporterTo makes a reporter that sends what is reported.
func reporterTo(seed uint64, send func([]contract.Attribute)) *Reporter {
	// The second half of the generator's state is the golden ratio's: any number does.
	return &Reporter{seed: seed, random: rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15)), send: send}
}

// Seed is the trial's seed: equal seeds and configurations give equal trials.
func (reporter *Reporter) Seed() uint64 {
	return reporter.seed
}

// Random is the trial's generator, seeded with its seed. It is always the same one, and goes on where it was left.
func (reporter *Reporter) Random() *rand.Rand {
	return reporter.random
}

// Report reports the state of the training, by names and values in turn: reporter.Report("epoch", 3, "accuracy", 0.9). A value is a number
// of up to 64 bits, a truth value or a text. A report of nothing is none.
//
// It returns when the trial may go on, which the trial cannot notice; a trial that is stopped ends inside it.
func (reporter *Reporter) Report(attributes ...any) {
	names, values := pairs.Split("Report", attributes)
	if len(names) == 0 {
		return
	}
	said := make([]contract.Attribute, len(names))
	for index, name := range names {
		value, isScalar := contract.Scalar(values[index])
		if !isScalar {
			panic(fmt.Sprintf("Report: `%s` is %v, a %T; a report takes numbers of 64 bits, truth values and texts", name, values[index], values[index]))
		}
		said[index] = contract.Attribute{Name: name, Value: value}
	}
	reporter.send(said)
}

// Reports gives what a reporter made by NewReporter has kept, oldest first.
func (reporter *Reporter) Reports() []Attributes {
	return reporter.reports
}

func (reporter *Reporter) keep(said []contract.Attribute) {
	attributes := Attributes{}
	for _, attribute := range said {
		attributes[attribute.Name] = contract.Plain(attribute.Value)
	}
	reporter.reports = append(reporter.reports, attributes)
}
