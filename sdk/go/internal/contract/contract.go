// Package contract has the types of the interface between trial and engine, as wit/trial.wit has them.
//
// The packages of the SDK make them, and package canonical carries them over to the engine.
package contract

import "reflect"

// Attribute is a named value of a configuration or of a report. Its value is what Scalar gives.
type Attribute struct {
	Name  string
	Value any
}

// Description is what a component says of itself. What it does not suggest is empty or 0.
type Description struct {
	Parameters []Parameter
	RewardAttr string
	TimeAttr   string
	MaxT       uint64
}

// Parameter is one dimension of the flat search space.
type Parameter struct {
	Name   string
	Domain Domain
	// Default is nil where the engine is to choose the default.
	Default any
	// Condition is nil where the parameter is always part of the configuration.
	Condition *Condition
}

// Condition says that a parameter is active only where another one, a choice, has taken the value with this index.
type Condition struct {
	Parameter string
	Choice    uint32
}

// Domain has the values that a parameter may take.
type Domain interface{ isDomain() }

// RealRange is an interval of real numbers, both ends included.
type RealRange struct {
	Lower, Upper float64
	Log          bool
}

// IntegerRange is an interval of integers, both ends included.
type IntegerRange struct {
	Lower, Upper int64
	Log          bool
}

// Boolean is false or true.
type Boolean struct{}

// Choice is one of several distinct values.
type Choice struct{ Values []any }

// Constant is always this value.
type Constant struct{ Value any }

func (RealRange) isDomain()    {}
func (IntegerRange) isDomain() {}
func (Boolean) isDomain()      {}
func (Choice) isDomain()       {}
func (Constant) isDomain()     {}

// Scalar gives a value as the contract has it: a float64, an int64, a bool or a string. It says false if it is none of these, nor of
// a type made from another such type, nor an integer of 64 bits.
func Scalar(value any) (any, bool) {
	reflected := reflect.ValueOf(value)
	switch {
	case !reflected.IsValid():
		return nil, false
	case reflected.CanFloat():
		return reflected.Float(), true
	case reflected.CanInt():
		return reflected.Int(), true
	case reflected.CanUint():
		number := int64(reflected.Uint())
		return number, number >= 0
	case reflected.Kind() == reflect.Bool:
		return reflected.Bool(), true
	case reflected.Kind() == reflect.String:
		return reflected.String(), true
	default:
		return nil, false
	}
}

// Plain gives a value of the contract as people write it: an int instead of an int64.
func Plain(value any) any {
	if number, isInteger := value.(int64); isInteger {
		return int(number)
	}
	return value
}
