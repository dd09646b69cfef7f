package trialbox

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"trialbox/internal/contract"
	"trialbox/space"
)

type activation string

// sees gives a training function that keeps its arguments, and where it keeps them.
func sees() (*TrainingFunction, *Arguments) {
	var seen Arguments
	function := Args(
		func(args Arguments, reporter *Reporter) error {
			seen = args
			for epoch := 1; epoch <= args.Int("epochs"); epoch++ {
				reporter.Report("epoch", epoch, "accuracy", args.Real("lr")*float64(args.Int("layers")), "noise", reporter.Random().Float64())
			}
			return nil
		},
		"lr", space.Real(1e-3, 1e-1).Log().Default(0.01),
		"layers", space.Int(1, 4),
		"bias", space.Bool(),
		"optimiser", space.Categorical(
			space.Dict("name", "sgd", "momentum", space.Real(0, 0.9)),
			space.Dict("name", "adam", "beta", space.Real(0.8, 1)),
		),
		"sizes", space.List(16, space.Int(8, 64)),
		"activation", activation("relu"),
		"epochs", 3,
		"shape", []int{8, 8},
	)
	return function, &seen
}

func TestADescriptionHasParametersConstantsAndSuggestions(t *testing.T) {
	function, _ := sees()
	function.Reports("accuracy", "epoch", 9).Defaults("optimiser", "1", "lr", 0.05)
	description := function.description()
	names := []string{}
	for _, parameter := range description.Parameters {
		names = append(names, parameter.Name)
	}
	expect(t, names, []string{
		"lr", "layers", "bias", "optimiser", "optimiser.0.momentum", "optimiser.1.beta", "sizes.1", "activation", "epochs",
	})
	expect(t, description.Parameters[0].Default, 0.05)
	expect(t, description.Parameters[1].Default, nil)
	expect(t, description.Parameters[3].Default, "1")
	expect(t, description.Parameters[8].Domain, contract.Constant{Value: int64(3)})
	expect(t, fmt.Sprint(description.RewardAttr, description.TimeAttr, description.MaxT), "accuracyepoch9")
}

func TestWithoutSuggestionsADescriptionHasNone(t *testing.T) {
	function, _ := sees()
	description := function.description()
	expect(t, description.RewardAttr+description.TimeAttr, "")
	expect(t, description.MaxT, uint64(0))
}

func TestAConfigurationBecomesTheArguments(t *testing.T) {
	function, args := sees()
	config := map[string]any{
		"lr": 0.02, "layers": int64(3), "bias": true, "optimiser": "1", "optimiser.1.beta": 0.9, "sizes.1": int64(8),
		"activation": "tanh", "epochs": int64(1),
	}
	reporter := NewReporter(7)
	expect(t, function.trainWith(config, reporter), nil)
	expect(t, args.Real("lr"), 0.02)
	expect(t, args.Bool("bias"), true)
	expect(t, args.Dict("optimiser").Text("name"), "adam")
	expect(t, args.Dict("optimiser").Real("beta"), 0.9)
	expect(t, args.Dict("optimiser").Has("momentum"), false)
	expect(t, args.List("sizes").Int(1), 8)
	expect(t, args.List("sizes").Len(), 2)
	expect(t, args.Text("activation"), "tanh")
	expect(t, args.Value("shape"), []int{8, 8})
	expect(t, len(reporter.Reports()), 1)
	expect(t, args.String(), "{lr: 0.02, layers: 3, bias: true, optimiser: {name: adam, beta: 0.9}, sizes: [16, 8], activation: tanh, epochs: 1, shape: [8 8]}")
}

func TestTheDefaultConfigurationCanBeTrainedWithChanges(t *testing.T) {
	function, args := sees()
	reporter := NewReporter(0)
	expect(t, function.Train(reporter), nil)
	expect(t, len(reporter.Reports()), 3)
	expect(t, reporter.Reports()[2]["epoch"], 3)
	expect(t, reporter.Reports()[2]["accuracy"], 0.02)
	expect(t, args.Value("activation"), activation("relu"))
	function.Defaults("layers", 4)
	expect(t, function.Train(NewReporter(0), "optimiser", "1", "lr", 1, "epochs", 1), nil)
	expect(t, args.Dict("optimiser").Text("name"), "adam")
	expect(t, args.Value("lr"), 1.0)
	expect(t, args.Int("layers"), 4)
	panics(t, "Train: `x` is no parameter", func() { function.Train(NewReporter(0), "x", 1) })
	panics(t, "Defaults: `lr` is a []int", func() { function.Defaults("lr", []int{1}) })
}

func TestEqualSeedsDrawEqually(t *testing.T) {
	noise := func(seed uint64) string {
		function, _ := sees()
		reporter := NewReporter(seed)
		expect(t, function.Train(reporter), nil)
		expect(t, reporter.Seed(), seed)
		return fmt.Sprint(reporter.Reports())
	}
	expect(t, noise(1), noise(1))
	expect(t, noise(1) != noise(2), true)
	// The numbers never change, as studies are repeated with them.
	expect(t, NewReporter(42).Random().Uint64(), uint64(6195063244628665600))
}

func TestAReportTakesValuesThatTheEngineHas(t *testing.T) {
	reporter := NewReporter(0)
	reporter.Report()
	reporter.Report("a", float32(0.5), "b", uint8(1), "c", true, "d", activation("text"), "e", int64(-1))
	expect(t, reporter.Reports(), []Attributes{{"a": 0.5, "b": 1, "c": true, "d": "text", "e": -1}})
	panics(t, "Report: `a` is <nil>, a <nil>", func() { reporter.Report("a", nil) })
	panics(t, "Report: `a` is [1], a []int", func() { reporter.Report("a", []int{1}) })
	panics(t, "`a` is 18446744073709551615, a uint64", func() { reporter.Report("a", uint64(math.MaxUint64)) })
	panics(t, "Report: `a` has no value", func() { reporter.Report("a") })
	panics(t, "Report: `a` stands there twice", func() { reporter.Report("a", 1, "a", 2) })
}

func TestArgumentsThatAreNotThereOrOfAnotherKindAreNamed(t *testing.T) {
	function, args := sees()
	expect(t, function.Train(NewReporter(0)), nil)
	panics(t, "there is no argument `rate`; there are lr, layers", func() { args.Real("rate") })
	panics(t, "there is no argument `optimiser.beta`; there are name, momentum", func() { args.Dict("optimiser").Real("beta") })
	panics(t, "the argument `lr` is 0.01, and not an integer", func() { args.Int("lr") })
	panics(t, "the argument `lr` is 0.01, and not a text", func() { args.Text("lr") })
	panics(t, "the argument `lr` is 0.01, and not a list", func() { args.List("lr") })
	panics(t, "the argument `sizes` is [16, 36], and not a truth value", func() { args.Bool("sizes") })
	panics(t, "the argument `optimiser.name` is sgd, and not a number", func() { args.Dict("optimiser").Real("name") })
	panics(t, "the argument `sizes.0` is 16, and not a dictionary", func() { args.List("sizes").Dict(0) })
	panics(t, "there is no item 2 in the argument `sizes`; there are 2", func() { args.List("sizes").Int(2) })
}

func TestSpacesThatTheEngineCouldNotHaveAreRefused(t *testing.T) {
	panics(t, "`a.b` has a dot", func() { Args(nil, "a.b", 1) })
	panics(t, "trialbox.Args: `a` has no value", func() { Args(nil, "a") })
	panics(t, "trialbox.Args: `a` stands there twice", func() { Args(nil, "a", 1, "a", 2) })
}

func TestAComponentHasTheTrainingFunctionThatWasMadeLast(t *testing.T) {
	sees()
	last := Args(nil)
	expect(t, latest == last, true)
}

func TestAFailureHasTheWordsOfItsError(t *testing.T) {
	expect(t, failure(func() error { return nil }), "")
	expect(t, failure(func() error { return errors.New("no luck") }), "no luck")
	expect(t, failure(func() error { return errors.New("") }), "an error without words: *errors.errorString")
}

func TestAPanicFailsWithItsWordsAndItsPlace(t *testing.T) {
	function := Args(func(args Arguments, _ *Reporter) error {
		list := []int{1}
		return fmt.Errorf("%d", list[args.Int("index")])
	}, "index", 5)
	reason := failure(func() error { return function.Train(NewReporter(0)) })
	lines := strings.Split(strings.TrimSpace(reason), "\n")
	expect(t, lines[0], "panic: runtime error: index out of range [5] with length 1")
	expect(t, len(lines), 2)
	expect(t, strings.Contains(lines[1], "trialbox.TestAPanicFailsWithItsWordsAndItsPlace.func1 ("), true)
	expect(t, strings.Contains(lines[1], "trialbox_test.go:"), true)
}

func expect(t *testing.T, found, expected any) {
	t.Helper()
	if !reflect.DeepEqual(found, expected) {
		t.Errorf("found %v instead of %v", found, expected)
	}
}

func panics(t *testing.T, words string, function func()) {
	t.Helper()
	defer func() {
		t.Helper()
		if value := fmt.Sprint(recover()); !strings.Contains(value, words) {
			t.Errorf("`%s` does not contain `%s`", value, words)
		}
	}()
	function()
}
