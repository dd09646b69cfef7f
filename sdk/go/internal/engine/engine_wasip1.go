// Package engine passes on to the engine what the other packages ask of it, in a component by the interface in wit/trial.wit. Elsewhere it
// stands in for the engine, in memory.
package engine

import (
	"errors"
	"runtime"
	"strings"
	"sync"
	"unsafe"

	"trialbox/internal/canonical"
	"trialbox/internal/contract"
)

//go:wasmimport trialbox:trial/report@0.1.0 report
func importReport(attributes unsafe.Pointer, count uint32)

//go:wasmimport trialbox:trial/data@0.1.0 names
func importDataNames(result unsafe.Pointer)

//go:wasmimport trialbox:trial/data@0.1.0 size
func importDataSize(name string, result unsafe.Pointer)

//go:wasmimport trialbox:trial/data@0.1.0 read
func importDataRead(name string, offset uint64, length uint32, result unsafe.Pointer)

//go:wasmimport trialbox:trial/artifact@0.1.0 append
func importArtifactAppend(name string, bytes unsafe.Pointer, length uint32)

//go:wasmimport trialbox:trial/artifact@0.1.0 clear
func importArtifactClear(name string)

//go:wasmimport trialbox:trial/log@0.1.0 write
func importLogWrite(text string)

const (
	// resultSize is enough for the result of any of these.
	resultSize = 16
	// namesSize is enough for the names of some thousand data sets.
	namesSize = 256 << 10
)

// calling is held while room is offered: another goroutine may get its turn before the engine is called.
var calling sync.Mutex

// kept is what was given to the engine last, which reads it when Go has returned.
var kept []byte

// Give makes a block the result of an exported function.
func Give(block *canonical.Block) (address uint32) {
	kept = placed(block)
	return addressOf(kept)
}

// Config reads the configuration with which the training was called.
func Config(address, count uint32) []contract.Attribute {
	return memoryOf(argumentsRoom).Config(address, count)
}

// Report makes a report. It returns when the trial may go on.
func Report(attributes []contract.Attribute) {
	block := placed(canonical.Attributes(attributes))
	importReport(unsafe.Pointer(unsafe.SliceData(block)), uint32(len(attributes)))
	runtime.KeepAlive(block)
}

// DataNames gives the names of the study's data sets, in ascending order.
func DataNames() []string {
	memory, result := called(allocated(namesSize), importDataNames)
	return memory.Texts(result)
}

// DataSize gives the size of a data set, if the study names it.
func DataSize(name string) (size uint64, isThere bool) {
	memory, result := called(nil, func(result unsafe.Pointer) { importDataSize(valid(name), result) })
	return memory.OptionalUint64(result)
}

// DataRead reads a piece of a data set into memory, and says how many bytes there were.
func DataRead(name string, offset uint64, into []byte) (int, error) {
	if len(into) == 0 {
		return 0, nil
	}
	// The engine writes the bytes where they are to be.
	memory, result := called(into, func(result unsafe.Pointer) {
		importDataRead(valid(name), offset, uint32(len(into)), result)
	})
	bytes, reason, isThere := memory.ResultOfBytes(result)
	if !isThere {
		return 0, errors.New(reason)
	}
	return copy(into, bytes), nil
}

// ArtifactAppend appends to an artifact, which exists from then on.
func ArtifactAppend(name string, bytes []byte) {
	importArtifactAppend(valid(name), unsafe.Pointer(unsafe.SliceData(bytes)), uint32(len(bytes)))
	runtime.KeepAlive(bytes)
}

// ArtifactClear empties an artifact.
func ArtifactClear(name string) {
	importArtifactClear(valid(name))
}

// Log writes a line to the trial's log; the engine ends it.
func Log(line string) {
	importLogWrite(valid(line))
}

// called calls a function of the engine that writes its result into memory, and the parts of it into the room. It gives both, and where the
// result is.
func called(room []byte, function func(result unsafe.Pointer)) (memory canonical.Memory, result uint32) {
	calling.Lock()
	defer calling.Unlock()
	area := allocated(resultSize)
	offer(room)
	function(unsafe.Pointer(unsafe.SliceData(area)))
	offer(nil)
	return memoryOf(room, area), addressOf(area)
}

// valid gives the text as UTF-8: the engine ends a trial that gives it anything else.
func valid(text string) string {
	return strings.ToValidUTF8(text, "\uFFFD")
}
