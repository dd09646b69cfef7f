package canonical

import (
	"encoding/binary"
	"fmt"
	"math"

	"trialbox/internal/contract"
)

// unforeseenSize is room for what nobody knows before.
const unforeseenSize = 16 << 10

// Piece is a piece of memory that the engine was given to write into.
type Piece struct {
	Address uint32
	Bytes   []byte
}

// Memory has the pieces that the engine was given.
type Memory []Piece

// Bytes gives what lies at an address. It panics if the engine was not given it.
func (memory Memory) Bytes(address, length uint32) []byte {
	if length == 0 {
		return nil
	}
	for _, piece := range memory {
		// Differences, as the sums could be too large.
		if address < piece.Address || uint64(address-piece.Address)+uint64(length) > uint64(len(piece.Bytes)) {
			continue
		}
		start := address - piece.Address
		return piece.Bytes[start : start+length]
	}
	panic(fmt.Sprintf("the engine names %d bytes at %d, where it was given none", length, address))
}

// Text reads a text whose address and length stand at an address.
func (memory Memory) Text(at uint32) string {
	return string(memory.list(at))
}

// Texts reads a list of texts whose address and length stand at an address.
func (memory Memory) Texts(at uint32) []string {
	start, length := memory.uint32(at), memory.uint32(at+4)
	texts := make([]string, length)
	for index := range texts {
		texts[index] = memory.Text(start + uint32(index)*textSize)
	}
	return texts
}

// Config reads the configuration of a trial: an array of attributes.
func (memory Memory) Config(start, length uint32) []contract.Attribute {
	config := make([]contract.Attribute, length)
	for index := range config {
		at := start + uint32(index)*attributeSize
		config[index] = contract.Attribute{Name: memory.Text(at), Value: memory.value(at + attributeValue)}
	}
	return config
}

// ConfigSize gives how many bytes a configuration of these parameters takes at most. The study may replace a constant by another text, and
// nobody knows how long it is.
func ConfigSize(parameters []contract.Parameter) int {
	size := unforeseenSize
	for _, parameter := range parameters {
		size += attributeSize + len(parameter.Name)
		switch domain := parameter.Domain.(type) {
		case contract.Choice:
			longest := 0
			for _, value := range domain.Values {
				text, _ := value.(string)
				longest = max(longest, len(text))
			}
			size += longest
		case contract.Constant:
			if text, isText := domain.Value.(string); isText {
				size += len(text) + unforeseenSize
			}
		}
	}
	return size
}

// OptionalUint64 reads an optional number at an address.
func (memory Memory) OptionalUint64(at uint32) (number uint64, isThere bool) {
	return memory.uint64(at + afterCase8), memory.flag(at)
}

// ResultOfBytes reads the result of a call that gives bytes or the reason why there are none, at an address. The bytes are not copied.
func (memory Memory) ResultOfBytes(at uint32) (bytes []byte, reason string, isThere bool) {
	if memory.flag(at) {
		return nil, memory.Text(at + afterCase4), false
	}
	return memory.list(at + afterCase4), "", true
}

func (memory Memory) value(at uint32) any {
	content := at + afterCase8
	switch which := memory.Bytes(at, 1)[0]; which {
	case caseReal:
		return math.Float64frombits(memory.uint64(content))
	case caseInteger:
		return int64(memory.uint64(content))
	case caseBoolean:
		return memory.flag(content)
	case caseText:
		return memory.Text(content)
	default:
		panic(fmt.Sprintf("the engine gives a value of the case %d, which there is none of", which))
	}
}

func (memory Memory) list(at uint32) []byte {
	return memory.Bytes(memory.uint32(at), memory.uint32(at+4))
}

func (memory Memory) flag(at uint32) bool {
	return memory.Bytes(at, 1)[0] != 0
}

func (memory Memory) uint32(at uint32) uint32 {
	return binary.LittleEndian.Uint32(memory.Bytes(at, 4))
}

func (memory Memory) uint64(at uint32) uint64 {
	return binary.LittleEndian.Uint64(memory.Bytes(at, 8))
}
