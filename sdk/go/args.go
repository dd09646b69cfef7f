package trialbox

import (
	"fmt"
	"strings"

	"trialbox/internal/canonical"
	"trialbox/internal/contract"
	"trialbox/internal/engine"
	"trialbox/internal/pairs"
	"trialbox/space"
)

// Function evaluates one configuration. It returns when the training is complete; an error is the reason why the trial failed.
type Function func(args Arguments, reporter *Reporter) error

// TrainingFunction is a function with the space of its arguments.
type TrainingFunction struct {
	train       Function
	names       []string
	items       []any
	parameters  []contract.Parameter
	defaults    map[string]any
	suggestions contract.Description
}

// latest is what Args made last: a component has one training function.
var latest *TrainingFunction

// Args makes a training function of a function and of names and spaces by turns. What is no space is a constant; the study may replace
// it if it is a number, a truth value or a text.
//
// A space that the engine could not have panics. `go run .` shows such mistakes without an engine.
func Args(train Function, spaces ...any) *TrainingFunction {
	names, items := pairs.Split("trialbox.Args", spaces)
	latest = &TrainingFunction{train: train, names: names, items: items, defaults: map[string]any{}}
	for index, name := range names {
		if strings.Contains(name, ".") {
			panic(fmt.Sprintf("trialbox.Args: `%s` has a dot, which parts the names of nested spaces", name))
		}
		latest.parameters = append(latest.parameters, parametersOf(name, items[index])...)
	}
	engine.ExpectConfig(canonical.ConfigSize(latest.parameters))
	return latest
}

func parametersOf(name string, item any) []contract.Parameter {
	if nested, isSpace := item.(space.Space); isSpace {
		return nested.Parameters(name, nil)
	}
	if constant, isScalar := contract.Scalar(item); isScalar {
		return []contract.Parameter{{Name: name, Domain: contract.Constant{Value: constant}}}
	}
	return nil
}

// Reports suggests which attribute of reports is to be maximised, which one counts the resource spent, and how far that goes; a study may
// say otherwise. An empty name, or a maxT of 0, suggests nothing. Without suggestions a study compares accuracy and counts epoch, up to
// the argument epochs.
func (function *TrainingFunction) Reports(rewardAttr, timeAttr string, maxT uint64) *TrainingFunction {
	function.suggestions.RewardAttr = rewardAttr
	function.suggestions.TimeAttr = timeAttr
	function.suggestions.MaxT = maxT
	return function
}

// Defaults replaces what parameters have in the default configuration: their flat names and values by turns.
func (function *TrainingFunction) Defaults(defaults ...any) *TrainingFunction {
	function.change(function.defaults, "Defaults", defaults)
	return function
}

// Train trains with the default configuration, but for parameters that are changed, by their flat names: for tests.
func (function *TrainingFunction) Train(reporter *Reporter, changed ...any) error {
	config := map[string]any{}
	for index, name := range function.names {
		if nested, isSpace := function.items[index].(space.Space); isSpace {
			nested.DefaultConfig(name, config)
		}
	}
	for name, value := range function.defaults {
		config[name] = value
	}
	function.change(config, "Train", changed)
	return function.trainWith(config, reporter)
}

// change writes values into a flat configuration.
func (function *TrainingFunction) change(config map[string]any, what string, list []any) {
	names, values := pairs.Split(what, list)
	for index, name := range names {
		domain := function.domain(name)
		if domain == nil {
			panic(fmt.Sprintf("%s: `%s` is no parameter", what, name))
		}
		value, isScalar := contract.Scalar(values[index])
		if !isScalar {
			panic(fmt.Sprintf("%s: `%s` is a %T; a parameter is a number, a truth value or a text", what, name, values[index]))
		}
		if number, isInteger := value.(int64); isInteger && isReal(domain) {
			value = float64(number)
		}
		config[name] = value
	}
}

func (function *TrainingFunction) domain(name string) contract.Domain {
	for _, parameter := range function.parameters {
		if parameter.Name == name {
			return parameter.Domain
		}
	}
	return nil
}

func isReal(domain contract.Domain) bool {
	_, isRange := domain.(contract.RealRange)
	return isRange
}

// description gives what the component says of itself.
func (function *TrainingFunction) description() contract.Description {
	description := function.suggestions
	for _, parameter := range function.parameters {
		if changed, isThere := function.defaults[parameter.Name]; isThere {
			parameter.Default = changed
		}
		description.Parameters = append(description.Parameters, parameter)
	}
	return description
}

// trainWith trains with a flat configuration.
func (function *TrainingFunction) trainWith(config map[string]any, reporter *Reporter) error {
	values := make([]any, len(function.items))
	for index, item := range function.items {
		values[index] = argument(item, function.names[index], config)
	}
	return function.train(Arguments{items: space.Items{Names: function.names, Values: values}}, reporter)
}

// argument gives the value of an argument. A constant may have been replaced by the study.
func argument(item any, name string, config map[string]any) any {
	if nested, isSpace := item.(space.Space); isSpace {
		return nested.Realised(name, config)
	}
	replaced, isThere := config[name]
	if declared, isScalar := contract.Scalar(item); !isThere || isScalar && declared == replaced {
		return item
	}
	return contract.Plain(replaced)
}
