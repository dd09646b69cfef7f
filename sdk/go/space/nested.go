package space

import (
	"fmt"
	"strconv"

	"trialbox/internal/contract"
	"trialbox/internal/pairs"
)

// CategoricalSpace is made by Categorical.
type CategoricalSpace struct {
	choices []any
	// labels has what stands for the choices where the engine knows them.
	labels []any
}

// Categorical is one of several values or spaces. What stands under one of them is searched only where it was taken. The first is the
// default.
func Categorical(choices ...any) CategoricalSpace {
	if len(choices) == 0 {
		panic("space.Categorical(): there must be at least one choice")
	}
	return CategoricalSpace{choices: choices, labels: labels(choices)}
}

// Parameters implements Space.
func (space CategoricalSpace) Parameters(name string, condition *contract.Condition) []contract.Parameter {
	parameters := []contract.Parameter{{Name: name, Domain: contract.Choice{Values: space.labels}, Condition: condition}}
	for index, choice := range space.choices {
		if nested, isSpace := choice.(Space); isSpace {
			under := &contract.Condition{Parameter: name, Choice: uint32(index)}
			parameters = append(parameters, nested.Parameters(space.name(name, index), under)...)
		}
	}
	return parameters
}

// Realised implements Space.
func (space CategoricalSpace) Realised(name string, config map[string]any) any {
	chosen := config[name]
	for index, label := range space.labels {
		if label == chosen {
			return Realised(space.choices[index], space.name(name, index), config)
		}
	}
	panic(fmt.Sprintf("`%s` is %v, which is none of its choices", name, chosen))
}

// DefaultConfig implements Space.
func (space CategoricalSpace) DefaultConfig(name string, config map[string]any) {
	config[name] = space.labels[0]
	for index, choice := range space.choices {
		if nested, isSpace := choice.(Space); isSpace {
			nested.DefaultConfig(space.name(name, index), config)
		}
	}
}

func (space CategoricalSpace) name(name string, index int) string {
	return fmt.Sprintf("%s.%v", name, space.labels[index])
}

// ListSpace is made by List.
type ListSpace struct{ items []any }

// List is a list, some of whose items are spaces.
func List(items ...any) ListSpace {
	return ListSpace{items: items}
}

// Parameters implements Space.
func (space ListSpace) Parameters(name string, condition *contract.Condition) []contract.Parameter {
	var parameters []contract.Parameter
	for index, item := range space.items {
		if nested, isSpace := item.(Space); isSpace {
			parameters = append(parameters, nested.Parameters(part(name, strconv.Itoa(index)), condition)...)
		}
	}
	return parameters
}

// Realised implements Space. The value is a []any.
func (space ListSpace) Realised(name string, config map[string]any) any {
	values := make([]any, len(space.items))
	for index, item := range space.items {
		values[index] = Realised(item, part(name, strconv.Itoa(index)), config)
	}
	return values
}

// DefaultConfig implements Space.
func (space ListSpace) DefaultConfig(name string, config map[string]any) {
	for index, item := range space.items {
		if nested, isSpace := item.(Space); isSpace {
			nested.DefaultConfig(part(name, strconv.Itoa(index)), config)
		}
	}
}

// DictSpace is made by Dict.
type DictSpace struct{ items Items }

// Dict is a dictionary, some of whose values are spaces: names and values by turns.
func Dict(items ...any) DictSpace {
	names, values := pairs.Split("space.Dict", items)
	return DictSpace{items: Items{Names: names, Values: values}}
}

// Parameters implements Space.
func (space DictSpace) Parameters(name string, condition *contract.Condition) []contract.Parameter {
	var parameters []contract.Parameter
	for index, item := range space.items.Values {
		if nested, isSpace := item.(Space); isSpace {
			parameters = append(parameters, nested.Parameters(part(name, space.items.Names[index]), condition)...)
		}
	}
	return parameters
}

// Realised implements Space. The value is an Items.
func (space DictSpace) Realised(name string, config map[string]any) any {
	values := make([]any, len(space.items.Values))
	for index, item := range space.items.Values {
		values[index] = Realised(item, part(name, space.items.Names[index]), config)
	}
	return Items{Names: space.items.Names, Values: values}
}

// DefaultConfig implements Space.
func (space DictSpace) DefaultConfig(name string, config map[string]any) {
	for index, item := range space.items.Values {
		if nested, isSpace := item.(Space); isSpace {
			nested.DefaultConfig(part(name, space.items.Names[index]), config)
		}
	}
}

func part(name, inner string) string {
	return name + "." + inner
}

// labels gives what stands for choices: they themselves where all can be told apart by the engine, else their texts, else their numbers.
func labels(choices []any) []any {
	themselves := make([]any, len(choices))
	texts := make([]any, len(choices))
	numbers := make([]any, len(choices))
	areScalars := true
	for index, choice := range choices {
		scalar, isScalar := contract.Scalar(choice)
		areScalars = areScalars && isScalar
		themselves[index] = scalar
		numbers[index] = strconv.Itoa(index)
		texts[index] = numbers[index]
		if isScalar {
			texts[index] = fmt.Sprint(scalar)
		}
	}
	switch {
	case areScalars && areDistinct(themselves):
		return themselves
	case areDistinct(texts):
		return texts
	default:
		return numbers
	}
}

func areDistinct(labels []any) bool {
	known := make(map[any]bool, len(labels))
	for _, label := range labels {
		known[label] = true
	}
	return len(known) == len(labels)
}
