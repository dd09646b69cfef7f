package canonical

import (
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"trialbox/internal/contract"
)

// address is where blocks are put: any that is a multiple of 8.
const address = 0x12340

func TestAttributesAreReadBackAsTheyWereLaidOut(t *testing.T) {
	attributes := []contract.Attribute{
		{Name: "loss", Value: -0.25},
		{Name: "epoch", Value: int64(math.MinInt64)},
		{Name: "done", Value: true},
		{Name: "open", Value: false},
		{Name: "", Value: ""},
		{Name: "note", Value: "naïve"},
		{Name: "infinite", Value: math.Inf(-1)},
	}
	memory := put(Attributes(attributes))
	expect(t, memory.Config(address, uint32(len(attributes))), attributes)
	expect(t, put(Attributes(nil)).Config(address, 0), []contract.Attribute{})
}

func TestWhatIsNoTextInUnicodeIsReplaced(t *testing.T) {
	memory := put(Attributes([]contract.Attribute{{Name: "a\xff", Value: "\xfe\xfdb"}}))
	expect(t, memory.Config(address, 1), []contract.Attribute{{Name: "a\uFFFD", Value: "\uFFFDb"}})
}

func TestADescriptionLiesAsTheCanonicalABISays(t *testing.T) {
	description := contract.Description{
		Parameters: []contract.Parameter{
			{Name: "rate", Domain: contract.RealRange{Lower: 0.5, Upper: 2, Log: true}, Default: 1.0},
			{Name: "kind", Domain: contract.Choice{Values: []any{"a", int64(7)}}},
			{Name: "deep", Domain: contract.IntegerRange{Lower: -1, Upper: 9}, Condition: &contract.Condition{Parameter: "kind", Choice: 1}},
			{Name: "flag", Domain: contract.Boolean{}, Default: true},
			{Name: "same", Domain: contract.Constant{Value: "x"}},
		},
		RewardAttr: "accuracy",
		MaxT:       27,
	}
	memory := put(Description(description))
	expect(t, memory.uint32(address+4), uint32(5))
	expect(t, memory.flag(address+8), true)
	expect(t, memory.Text(address+12), "accuracy")
	expect(t, memory.flag(address+20), false)
	maxT, hasMaxT := memory.OptionalUint64(address + 32)
	expect(t, fmt.Sprint(maxT, hasMaxT), "27 true")

	parameter := func(index uint32) uint32 { return memory.uint32(address) + index*80 }
	rate, kind, deep, flag, same := parameter(0), parameter(1), parameter(2), parameter(3), parameter(4)
	expect(t, memory.Text(rate), "rate")
	expect(t, cases(memory, rate), []byte{0, 1, 0})
	expect(t, math.Float64frombits(memory.uint64(rate+16)), 0.5)
	expect(t, math.Float64frombits(memory.uint64(rate+24)), 2.0)
	expect(t, memory.flag(rate+32), true)
	expect(t, memory.value(rate+48), 1.0)

	expect(t, cases(memory, kind), []byte{3, 0, 0})
	values := memory.uint32(kind + 16)
	expect(t, memory.uint32(kind+20), uint32(2))
	expect(t, values%8, uint32(0))
	expect(t, memory.value(values), "a")
	expect(t, memory.value(values+16), int64(7))

	expect(t, cases(memory, deep), []byte{1, 0, 1})
	expect(t, int64(memory.uint64(deep+16)), int64(-1))
	expect(t, int64(memory.uint64(deep+24)), int64(9))
	expect(t, memory.flag(deep+32), false)
	expect(t, memory.Text(deep+68), "kind")
	expect(t, memory.uint32(deep+76), uint32(1))

	expect(t, cases(memory, flag), []byte{2, 1, 0})
	expect(t, memory.value(flag+48), true)
	expect(t, cases(memory, same), []byte{4, 0, 0})
	expect(t, memory.value(same+16), "x")
}

// cases gives those of a parameter's domain, default and condition.
func cases(memory Memory, at uint32) []byte {
	return []byte{memory.Bytes(at+8, 1)[0], memory.Bytes(at+40, 1)[0], memory.Bytes(at+64, 1)[0]}
}

func TestResults(t *testing.T) {
	bytes, reason, isThere := put(Result("no luck")).ResultOfBytes(address)
	expect(t, fmt.Sprintf("%v|%s|%t", bytes, reason, isThere), "[]|no luck|false")
	expect(t, put(Result("")).flag(address), false)

	memory := Memory{
		{Address: 8, Bytes: []byte{0, 9, 9, 9, 100, 0, 0, 0, 3, 0, 0, 0}},
		{Address: 100, Bytes: []byte("abc")},
	}
	bytes, _, isThere = memory.ResultOfBytes(8)
	expect(t, fmt.Sprintf("%s|%t", bytes, isThere), "abc|true")
}

func TestAListOfTexts(t *testing.T) {
	block := &Block{}
	list := block.reserve(8, 4)
	start := block.reserve(2*textSize, 4)
	block.putList(list, start, 2)
	block.putText(start, "one")
	block.putText(start+textSize, "")
	expect(t, put(block).Texts(address), []string{"one", ""})
}

func TestMemoryThatTheEngineWasNotGivenIsRefused(t *testing.T) {
	memory := Memory{{Address: 0xfffffff0, Bytes: make([]byte, 8)}}
	expect(t, len(memory.Bytes(0xfffffff0, 8)), 8)
	expect(t, len(memory.Bytes(0xfffffff4, 4)), 4)
	expect(t, len(memory.Bytes(1, 0)), 0)
	for _, each := range [][2]uint32{{0xfffffff0, 9}, {0xfffffff7, 2}, {0xffffffef, 1}, {0xfffffff4, 0xffffffff}, {0, 1}} {
		panics(t, "where it was given none", func() { memory.Bytes(each[0], each[1]) })
	}
}

func TestValuesThatTheContractDoesNotHaveAreRefused(t *testing.T) {
	panics(t, "which the contract does not have", func() { Attributes([]contract.Attribute{{Name: "a", Value: 1}}) })
	panics(t, "of the case 9", func() { Memory{{Address: 0, Bytes: append([]byte{9}, make([]byte, 15)...)}}.value(0) })
}

func TestAConfigurationTakesNoMoreThanWasExpected(t *testing.T) {
	parameters := []contract.Parameter{
		{Name: "a", Domain: contract.Choice{Values: []any{"short", strings.Repeat("long", 20_000)}}},
		{Name: "b", Domain: contract.Constant{Value: strings.Repeat("b", 10_000)}},
		{Name: strings.Repeat("c", 128), Domain: contract.Boolean{}},
	}
	config := []contract.Attribute{
		{Name: "a", Value: strings.Repeat("long", 20_000)},
		{Name: "b", Value: strings.Repeat("b", 20_000)},
		{Name: strings.Repeat("c", 128), Value: true},
	}
	if needed, expected := Attributes(config).Size(), ConfigSize(parameters); needed > expected {
		t.Errorf("it takes %d bytes instead of %d", needed, expected)
	}
}

func put(block *Block) Memory {
	bytes := make([]byte, block.Size())
	block.PutAt(address, bytes)
	return Memory{{Address: address, Bytes: bytes}}
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
