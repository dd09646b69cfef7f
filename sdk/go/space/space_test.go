package space_test

import (
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"trialbox/internal/contract"
	"trialbox/space"
)

type activation string

func TestASpaceIsFlatWithDotsAndConditions(t *testing.T) {
	optimiser := space.Categorical(
		space.Dict("name", "sgd", "momentum", space.Real(0, 0.9)),
		space.Dict("name", "adam", "betas", space.List(0.9, space.Real(0.9, 1).Log())),
	)
	shown := []string{}
	for _, parameter := range space.List(16, space.Int(8, 64), optimiser).Parameters("net", nil) {
		text := fmt.Sprintf("%s %v", parameter.Name, parameter.Domain)
		if parameter.Condition != nil {
			text += fmt.Sprintf(" if %s is %d", parameter.Condition.Parameter, parameter.Condition.Choice)
		}
		shown = append(shown, text)
	}
	expect(t, shown, []string{
		"net.1 {8 64 false}",
		"net.2 {[0 1]}",
		"net.2.0.momentum {0 0.9 false} if net.2 is 0",
		"net.2.1.betas.1 {0.9 1 true} if net.2 is 1",
	})
}

func TestDefaultsAreThoseThatWereSaid(t *testing.T) {
	for _, each := range []struct {
		space    space.Space
		expected any
	}{
		{space.Real(0, 1).Default(0.25), 0.25},
		{space.Int(1, 9).Log().Default(9), int64(9)},
		{space.Bool().Default(true), true},
		{space.Bool(), false},
		{space.Real(0, 1), nil},
		{space.Int(0, 1), nil},
	} {
		expect(t, each.space.Parameters("a", nil)[0].Default, each.expected)
	}
}

func TestTheDefaultConfigurationHasTheMiddleAndTheFirst(t *testing.T) {
	config := map[string]any{}
	space.Dict(
		"a", space.Real(0, 1),
		"b", space.Real(1e-3, 1e-1).Log(),
		"c", space.Int(1, 4),
		"d", space.Int(1, 100).Log(),
		"e", space.Bool(),
		"f", space.Categorical("x", "y"),
		"g", space.Real(-math.MaxFloat64, math.MaxFloat64),
		"h", 5,
	).DefaultConfig("o", config)
	expect(t, math.Abs(config["o.b"].(float64)-1e-2) < 1e-12, true)
	delete(config, "o.b")
	expect(t, config, map[string]any{
		"o.a": 0.5, "o.c": int64(2), "o.d": int64(10), "o.e": false, "o.f": "x", "o.g": 0.0,
	})
}

func TestChoicesStandForThemselvesWhereTheyCan(t *testing.T) {
	for _, each := range []struct{ choices, expected []any }{
		{[]any{"a", "b"}, []any{"a", "b"}},
		{[]any{1, true, 1.0}, []any{int64(1), true, 1.0}},
		{[]any{activation("relu"), float32(0.5), uint8(3)}, []any{"relu", 0.5, int64(3)}},
		{[]any{nil, 5}, []any{"0", "5"}},
		{[]any{[]int{1, 2}, []int{3, 4}}, []any{"0", "1"}},
		{[]any{"a", "a"}, []any{"0", "1"}},
		{[]any{"none", space.Dict("x", 1)}, []any{"none", "1"}},
		{[]any{uint64(math.MaxUint64), 1}, []any{"0", "1"}},
	} {
		domain := space.Categorical(each.choices...).Parameters("a", nil)[0].Domain
		expect(t, domain.(contract.Choice).Values, each.expected)
	}
}

func TestAConfigurationBecomesValues(t *testing.T) {
	choice := space.Categorical(activation("relu"), nil, space.Dict("x", space.Int(1, 2), "y", "z"))
	realised := func(config map[string]any) any { return choice.Realised("a", config) }
	expect(t, realised(map[string]any{"a": "relu"}), activation("relu"))
	expect(t, realised(map[string]any{"a": "1"}), nil)
	nested := realised(map[string]any{"a": "2", "a.2.x": int64(2)})
	expect(t, nested, space.Items{Names: []string{"x", "y"}, Values: []any{2, "z"}})
	list := space.List(1, space.Bool(), space.Real(0, 1))
	expect(t, list.Realised("a", map[string]any{"a.1": true, "a.2": 0.5}), []any{1, true, 0.5})
}

func TestAConfigurationThatDoesNotFitIsRefused(t *testing.T) {
	panics(t, "`a` is 3, which is none of its choices", func() {
		space.Categorical(1, 2).Realised("a", map[string]any{"a": int64(3)})
	})
	panics(t, "the configuration has no `a`", func() { space.Bool().Realised("a", nil) })
}

func TestSpacesThatMakeNoSenseAreRefused(t *testing.T) {
	panics(t, "space.Real(1, 1): the ends must be finite", func() { space.Real(1, 1) })
	panics(t, "space.Real(NaN, 1)", func() { space.Real(math.NaN(), 1) })
	panics(t, "space.Real(0, +Inf)", func() { space.Real(0, math.Inf(1)) })
	panics(t, "space.Real(0, 1).Log(): the lower end must be greater than 0", func() { space.Real(0, 1).Log() })
	panics(t, "space.Real(0, 1): the default 2 lies outside", func() { space.Real(0, 1).Default(2) })
	panics(t, "space.Real(0, 1): the default NaN lies outside", func() { space.Real(0, 1).Default(math.NaN()) })
	panics(t, "space.Int(2, 1): the lower end", func() { space.Int(2, 1) })
	panics(t, "space.Int(0, 1).Log(): the lower end must be greater than 0", func() { space.Int(0, 1).Log() })
	panics(t, "space.Int(1, 5): the default 6 lies outside", func() { space.Int(1, 5).Default(6) })
	panics(t, "there must be at least one choice", func() { space.Categorical() })
	panics(t, "space.Dict: `a` has no value", func() { space.Dict("a") })
	panics(t, "space.Dict: `a` stands there twice", func() { space.Dict("a", 1, "a", 2) })
	panics(t, "space.Dict: there is 1 where a name should stand", func() { space.Dict(1, "a") })
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
