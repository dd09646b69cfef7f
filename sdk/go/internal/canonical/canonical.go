// Package canonical lays values out in memory, and reads them there, by the canonical ABI of WebAssembly components.
//
// It knows the types of package contract and nothing of where the memory is, so that it is tested natively; package engine calls it.
// Addresses are 32 bits wide, whatever Go thinks of pointers.
package canonical

// The cases of a value, in the order of the interface.
const (
	caseReal = iota
	caseInteger
	caseBoolean
	caseText
)

// The cases of a domain, in the order of the interface.
const (
	domainReal = iota
	domainInteger
	domainBoolean
	domainChoice
	domainConstant
)

// Sizes of records and variants, in bytes, each a multiple of what it is aligned to.
const (
	textSize        = 8
	valueSize       = 16
	attributeSize   = textSize + valueSize
	parameterSize   = 80
	descriptionSize = 48
	resultSize      = 12
)

// Offsets of what follows the case of a variant or of an option: the case takes a byte, and what follows is aligned.
const (
	afterCase4 = 4
	afterCase8 = 8
)

// Offsets of the fields of records.
const (
	attributeValue = textSize

	rangeLower = 0
	rangeUpper = 8
	rangeLog   = 16

	parameterDomain    = textSize
	parameterDefault   = 40
	parameterCondition = 64
	conditionChoice    = textSize

	descriptionReward = 8
	descriptionTime   = 20
	descriptionMaxT   = 32
)
