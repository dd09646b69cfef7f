package trialbox

import (
	"fmt"
	"slices"
	"strings"

	"trialbox/internal/contract"
	"trialbox/space"
)

// Arguments are the arguments of a trial, or the parts of one that is a dictionary. Asking for one that is not there, or that is of another
// kind, panics.
type Arguments struct {
	// name is that of the dictionary, with a dot behind it.
	name  string
	items space.Items
}

// Names gives the names of the arguments, in the order of declaration.
func (args Arguments) Names() []string {
	return slices.Clone(args.items.Names)
}

// Has says whether there is an argument of this name.
func (args Arguments) Has(name string) bool {
	return slices.Contains(args.items.Names, name)
}

// Value gives an argument as it is: a float64, an int, a bool or a string, and constants and choices as they were written.
func (args Arguments) Value(name string) any {
	index := slices.Index(args.items.Names, name)
	if index < 0 {
		panic(fmt.Sprintf("there is no argument `%s%s`; there are %s", args.name, name, strings.Join(args.items.Names, ", ")))
	}
	return args.items.Values[index]
}

// Real gives an argument that is a number.
func (args Arguments) Real(name string) float64 {
	return realOf(args.name+name, args.Value(name))
}

// Int gives an argument that is an integer.
func (args Arguments) Int(name string) int {
	return integerOf(args.name+name, args.Value(name))
}

// Bool gives an argument that is a truth value.
func (args Arguments) Bool(name string) bool {
	return booleanOf(args.name+name, args.Value(name))
}

// Text gives an argument that is a text.
func (args Arguments) Text(name string) string {
	return textOf(args.name+name, args.Value(name))
}

// Dict gives an argument that is a dictionary.
func (args Arguments) Dict(name string) Arguments {
	return dictOf(args.name+name, args.Value(name))
}

// List gives an argument that is a list.
func (args Arguments) List(name string) List {
	return listOf(args.name+name, args.Value(name))
}

// String gives the arguments as they are shown in a log.
func (args Arguments) String() string {
	parts := make([]string, len(args.items.Names))
	for index, name := range args.items.Names {
		parts[index] = fmt.Sprintf("%s: %v", name, shown(args.items.Values[index]))
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// List is an argument that is a list. Asking for an item that is of another kind panics.
type List struct {
	name  string
	items []any
}

// Len gives the number of items.
func (list List) Len() int {
	return len(list.items)
}

// Value gives an item as it is.
func (list List) Value(index int) any {
	if index < 0 || index >= len(list.items) {
		panic(fmt.Sprintf("there is no item %d in the argument `%s`; there are %d", index, list.name, len(list.items)))
	}
	return list.items[index]
}

// Real gives an item that is a number.
func (list List) Real(index int) float64 {
	return realOf(list.nameOf(index), list.Value(index))
}

// Int gives an item that is an integer.
func (list List) Int(index int) int {
	return integerOf(list.nameOf(index), list.Value(index))
}

// Bool gives an item that is a truth value.
func (list List) Bool(index int) bool {
	return booleanOf(list.nameOf(index), list.Value(index))
}

// Text gives an item that is a text.
func (list List) Text(index int) string {
	return textOf(list.nameOf(index), list.Value(index))
}

// Dict gives an item that is a dictionary.
func (list List) Dict(index int) Arguments {
	return dictOf(list.nameOf(index), list.Value(index))
}

// List gives an item that is a list.
func (list List) List(index int) List {
	return listOf(list.nameOf(index), list.Value(index))
}

// String gives the list as it is shown in a log.
func (list List) String() string {
	parts := make([]string, len(list.items))
	for index, item := range list.items {
		parts[index] = fmt.Sprint(shown(item))
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

func (list List) nameOf(index int) string {
	return fmt.Sprintf("%s.%d", list.name, index)
}

func realOf(name string, value any) float64 {
	switch scalar := scalarOf(value).(type) {
	case float64:
		return scalar
	case int64:
		return float64(scalar)
	default:
		panic(mismatch(name, value, "a number"))
	}
}

func integerOf(name string, value any) int {
	number, isInteger := scalarOf(value).(int64)
	if !isInteger {
		panic(mismatch(name, value, "an integer"))
	}
	return int(number)
}

func booleanOf(name string, value any) bool {
	truth, isBool := scalarOf(value).(bool)
	if !isBool {
		panic(mismatch(name, value, "a truth value"))
	}
	return truth
}

func textOf(name string, value any) string {
	text, isText := scalarOf(value).(string)
	if !isText {
		panic(mismatch(name, value, "a text"))
	}
	return text
}

func dictOf(name string, value any) Arguments {
	items, isDict := value.(space.Items)
	if !isDict {
		panic(mismatch(name, value, "a dictionary"))
	}
	return Arguments{name: name + ".", items: items}
}

func listOf(name string, value any) List {
	items, isList := value.([]any)
	if !isList {
		panic(mismatch(name, value, "a list"))
	}
	return List{name: name, items: items}
}

func scalarOf(value any) any {
	scalar, _ := contract.Scalar(value)
	return scalar
}

func mismatch(name string, value any, wanted string) string {
	return fmt.Sprintf("the argument `%s` is %v, and not %s", name, shown(value), wanted)
}

// shown gives dictionaries and lists as what shows itself well.
func shown(value any) any {
	switch value := value.(type) {
	case space.Items:
		return Arguments{items: value}
	case []any:
		return List{items: value}
	default:
		return value
	}
}
