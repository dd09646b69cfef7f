package canonical

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"

	"trialbox/internal/contract"
)

// Block is a piece of memory that holds something with all of its parts. What it is of begins at its start.
type Block struct {
	bytes []byte
	// pointers has where addresses stand, which are relative to the block's start until it has a place.
	pointers []int
}

// Attributes lays out the attributes of a report, as an array.
func Attributes(attributes []contract.Attribute) *Block {
	block := &Block{}
	start := block.reserve(len(attributes)*attributeSize, 8)
	for index, attribute := range attributes {
		at := start + index*attributeSize
		block.putText(at, attribute.Name)
		block.putValue(at+attributeValue, attribute.Value)
	}
	return block
}

// Description lays out what a component says of itself.
func Description(description contract.Description) *Block {
	block := &Block{}
	at := block.reserve(descriptionSize, 8)
	start := block.reserve(len(description.Parameters)*parameterSize, 8)
	block.putList(at, start, len(description.Parameters))
	for index, parameter := range description.Parameters {
		block.putParameter(start+index*parameterSize, parameter)
	}
	block.putOptionalText(at+descriptionReward, description.RewardAttr)
	block.putOptionalText(at+descriptionTime, description.TimeAttr)
	if description.MaxT > 0 {
		block.bytes[at+descriptionMaxT] = 1
		block.putUint64(at+descriptionMaxT+afterCase8, description.MaxT)
	}
	return block
}

// Result lays out the result of a training: an error with this reason, or none if that is empty.
func Result(reason string) *Block {
	block := &Block{}
	at := block.reserve(resultSize, 4)
	if reason != "" {
		block.bytes[at] = 1
		block.putText(at+afterCase4, reason)
	}
	return block
}

// Size gives the number of bytes that the block takes.
func (block *Block) Size() int {
	return len(block.bytes)
}

// PutAt writes the block into memory that begins at an address, which must be a multiple of 8.
func (block *Block) PutAt(address uint32, memory []byte) {
	copy(memory, block.bytes)
	for _, at := range block.pointers {
		relative := binary.LittleEndian.Uint32(memory[at:])
		binary.LittleEndian.PutUint32(memory[at:], address+relative)
	}
}

// reserve adds room, with zeros in it, and gives its offset.
func (block *Block) reserve(size, alignment int) int {
	start := (len(block.bytes) + alignment - 1) / alignment * alignment
	block.bytes = append(block.bytes, make([]byte, start+size-len(block.bytes))...)
	return start
}

func (block *Block) putUint32(at, number int) {
	binary.LittleEndian.PutUint32(block.bytes[at:], uint32(number))
}

func (block *Block) putUint64(at int, number uint64) {
	binary.LittleEndian.PutUint64(block.bytes[at:], number)
}

// putList writes the address and the length of something that lies in the block.
func (block *Block) putList(at, start, length int) {
	block.putUint32(at, start)
	block.putUint32(at+4, length)
	block.pointers = append(block.pointers, at)
}

func (block *Block) putText(at int, text string) {
	// The engine ends a trial that gives it anything else.
	text = strings.ToValidUTF8(text, "\uFFFD")
	start := block.reserve(len(text), 1)
	copy(block.bytes[start:], text)
	block.putList(at, start, len(text))
}

func (block *Block) putOptionalText(at int, text string) {
	if text != "" {
		block.bytes[at] = 1
		block.putText(at+afterCase4, text)
	}
}

func (block *Block) putBool(at int, truth bool) {
	if truth {
		block.bytes[at] = 1
	}
}

func (block *Block) putValue(at int, value any) {
	content := at + afterCase8
	switch value := value.(type) {
	case float64:
		block.bytes[at] = caseReal
		block.putUint64(content, math.Float64bits(value))
	case int64:
		block.bytes[at] = caseInteger
		block.putUint64(content, uint64(value))
	case bool:
		block.bytes[at] = caseBoolean
		block.putBool(content, value)
	case string:
		block.bytes[at] = caseText
		block.putText(content, value)
	default:
		panic(fmt.Sprintf("%v is a %T, which the contract does not have", value, value))
	}
}

func (block *Block) putParameter(at int, parameter contract.Parameter) {
	block.putText(at, parameter.Name)
	block.putDomain(at+parameterDomain, parameter.Domain)
	if parameter.Default != nil {
		block.bytes[at+parameterDefault] = 1
		block.putValue(at+parameterDefault+afterCase8, parameter.Default)
	}
	if condition := parameter.Condition; condition != nil {
		block.bytes[at+parameterCondition] = 1
		content := at + parameterCondition + afterCase4
		block.putText(content, condition.Parameter)
		block.putUint32(content+conditionChoice, int(condition.Choice))
	}
}

func (block *Block) putDomain(at int, domain contract.Domain) {
	content := at + afterCase8
	switch domain := domain.(type) {
	case contract.RealRange:
		block.bytes[at] = domainReal
		block.putUint64(content+rangeLower, math.Float64bits(domain.Lower))
		block.putUint64(content+rangeUpper, math.Float64bits(domain.Upper))
		block.putBool(content+rangeLog, domain.Log)
	case contract.IntegerRange:
		block.bytes[at] = domainInteger
		block.putUint64(content+rangeLower, uint64(domain.Lower))
		block.putUint64(content+rangeUpper, uint64(domain.Upper))
		block.putBool(content+rangeLog, domain.Log)
	case contract.Boolean:
		block.bytes[at] = domainBoolean
	case contract.Choice:
		block.bytes[at] = domainChoice
		start := block.reserve(len(domain.Values)*valueSize, 8)
		block.putList(content, start, len(domain.Values))
		for index, value := range domain.Values {
			block.putValue(start+index*valueSize, value)
		}
	case contract.Constant:
		block.bytes[at] = domainConstant
		block.putValue(content, domain.Value)
	default:
		panic(fmt.Sprintf("%v is a %T, which is no domain", domain, domain))
	}
}
