// Package space says what an argument of a training function may be.
//
// Real, Int and Bool are drawn from. Categorical, List and Dict may hold other spaces. Wherever a space may stand, any other value may
// stand as well, and is always itself.
//
//	space.Real(1e-3, 1).Log()
//	space.Int(1, 4).Default(2)
//	space.Categorical("relu", "tanh")
//	space.Categorical(
//		space.Dict("name", "sgd", "momentum", space.Real(0, 0.9)),
//		space.Dict("name", "adam"),
//	)
//
// To the engine a space is flat: the parts of a list or a dictionary are parameters named outer.0 and outer.name, and what stands under
// one of the choices of a Categorical is active only where that choice was taken.
//
// A space that makes no sense panics when it is made, since nobody but its author can do something about it.
package space

import (
	"fmt"

	"trialbox/internal/contract"
)

// Space is one of the spaces of this package.
type Space interface {
	// Parameters gives the parameters that make up a space of this name.
	Parameters(name string, condition *contract.Condition) []contract.Parameter
	// Realised gives the value that a flat configuration gives to a space of this name.
	Realised(name string, config map[string]any) any
	// DefaultConfig adds what the default configuration says of a space of this name.
	DefaultConfig(name string, config map[string]any)
}

// Items is the value of a Dict: names and values, in the order of declaration.
type Items struct {
	Names  []string
	Values []any
}

// Realised gives the value that a configuration gives to an item: to a space its value in it, and anything else is itself.
func Realised(item any, name string, config map[string]any) any {
	if space, isSpace := item.(Space); isSpace {
		return space.Realised(name, config)
	}
	return item
}

// simple gives the value of a space that is one parameter.
func simple(name string, config map[string]any) any {
	value, isThere := config[name]
	if !isThere {
		panic(fmt.Sprintf("the configuration has no `%s`", name))
	}
	return contract.Plain(value)
}
