package space

import (
	"fmt"
	"math"

	"trialbox/internal/contract"
)

// RealSpace is made by Real.
type RealSpace struct {
	interval contract.RealRange
	preset   *float64
}

// Real is a real number from lower to upper, both included. The default is the middle.
func Real(lower, upper float64) RealSpace {
	if !(lower < upper) || math.IsInf(lower, 0) || math.IsInf(upper, 0) {
		panic(fmt.Sprintf("space.Real(%v, %v): the ends must be finite, and the lower one less than the upper one", lower, upper))
	}
	return RealSpace{interval: contract.RealRange{Lower: lower, Upper: upper}}
}

// Log draws values, and measures distances, on the logarithm: each factor of the interval is as likely.
func (space RealSpace) Log() RealSpace {
	if space.interval.Lower <= 0 {
		panic(fmt.Sprintf("space.Real(%v, %v).Log(): the lower end must be greater than 0", space.interval.Lower, space.interval.Upper))
	}
	space.interval.Log = true
	return space
}

// Default says the value of the default configuration.
func (space RealSpace) Default(value float64) RealSpace {
	if !(space.interval.Lower <= value && value <= space.interval.Upper) {
		panic(fmt.Sprintf("space.Real(%v, %v): the default %v lies outside", space.interval.Lower, space.interval.Upper, value))
	}
	space.preset = &value
	return space
}

// Parameters implements Space.
func (space RealSpace) Parameters(name string, condition *contract.Condition) []contract.Parameter {
	parameter := contract.Parameter{Name: name, Domain: space.interval, Condition: condition}
	if space.preset != nil {
		parameter.Default = *space.preset
	}
	return []contract.Parameter{parameter}
}

// Realised implements Space.
func (space RealSpace) Realised(name string, config map[string]any) any {
	return simple(name, config)
}

// DefaultConfig implements Space.
func (space RealSpace) DefaultConfig(name string, config map[string]any) {
	if space.preset != nil {
		config[name] = *space.preset
		return
	}
	config[name] = middle(space.interval.Lower, space.interval.Upper, space.interval.Log)
}

// IntSpace is made by Int.
type IntSpace struct {
	interval contract.IntegerRange
	preset   *int64
}

// Int is an integer from lower to upper, both included. The default is the middle.
func Int(lower, upper int) IntSpace {
	if lower >= upper {
		panic(fmt.Sprintf("space.Int(%d, %d): the lower end must be less than the upper one", lower, upper))
	}
	return IntSpace{interval: contract.IntegerRange{Lower: int64(lower), Upper: int64(upper)}}
}

// Log draws values, and measures distances, on the logarithm: each factor of the interval is as likely.
func (space IntSpace) Log() IntSpace {
	if space.interval.Lower <= 0 {
		panic(fmt.Sprintf("space.Int(%d, %d).Log(): the lower end must be greater than 0", space.interval.Lower, space.interval.Upper))
	}
	space.interval.Log = true
	return space
}

// Default says the value of the default configuration.
func (space IntSpace) Default(value int) IntSpace {
	preset := int64(value)
	if preset < space.interval.Lower || preset > space.interval.Upper {
		panic(fmt.Sprintf("space.Int(%d, %d): the default %d lies outside", space.interval.Lower, space.interval.Upper, value))
	}
	space.preset = &preset
	return space
}

// Parameters implements Space.
func (space IntSpace) Parameters(name string, condition *contract.Condition) []contract.Parameter {
	parameter := contract.Parameter{Name: name, Domain: space.interval, Condition: condition}
	if space.preset != nil {
		parameter.Default = *space.preset
	}
	return []contract.Parameter{parameter}
}

// Realised implements Space.
func (space IntSpace) Realised(name string, config map[string]any) any {
	return simple(name, config)
}

// DefaultConfig implements Space.
func (space IntSpace) DefaultConfig(name string, config map[string]any) {
	if space.preset != nil {
		config[name] = *space.preset
		return
	}
	config[name] = int64(math.RoundToEven(middle(float64(space.interval.Lower), float64(space.interval.Upper), space.interval.Log)))
}

// BoolSpace is made by Bool.
type BoolSpace struct{ preset bool }

// Bool is false or true. The default is false.
func Bool() BoolSpace {
	return BoolSpace{}
}

// Default says the value of the default configuration.
func (space BoolSpace) Default(value bool) BoolSpace {
	return BoolSpace{preset: value}
}

// Parameters implements Space.
func (space BoolSpace) Parameters(name string, condition *contract.Condition) []contract.Parameter {
	return []contract.Parameter{{Name: name, Domain: contract.Boolean{}, Default: space.preset, Condition: condition}}
}

// Realised implements Space.
func (space BoolSpace) Realised(name string, config map[string]any) any {
	return simple(name, config)
}

// DefaultConfig implements Space.
func (space BoolSpace) DefaultConfig(name string, config map[string]any) {
	config[name] = space.preset
}

// middle gives the middle of an interval, which rounding must not carry out of it.
func middle(lower, upper float64, log bool) float64 {
	middle := lower/2 + upper/2
	if log {
		middle = math.Sqrt(lower) * math.Sqrt(upper)
	}
	return min(max(middle, lower), upper)
}
