package engine

import (
	"unsafe"

	"trialbox/internal/canonical"
)

// Memory that others write into.
//
// The canonical ABI asks a component for room by functions that it exports. They run in the middle of a call to the engine, in which the
// component may call nobody, and Go's own allocation does now and then: it asks for the time when it collects garbage. So the room is
// there before, and handing it out is plain arithmetic that needs neither heap nor stack. What is given away is kept by whoever offered
// it, so that it is not collected.

// adapterRoom is for what stands between Go's system calls, of WASI 0.1, and the engine: its state and its stack, of 64 KiB each. Without it
// that would grow the memory by itself, and Go, which takes all memory behind its own for its own, would write over it.
var adapterRoom [2*64<<10 + 4096]byte

var adapterRoomUsed uint32

// roomForAdapter is called before Go's runtime has begun, so it must do without it.
//
//go:wasmexport cabi_realloc_adapter
//go:nosplit
func roomForAdapter(_, _, alignment, size uint32) uint32 {
	room := uint32(uintptr(unsafe.Pointer(&adapterRoom)))
	start := aligned(room+adapterRoomUsed, alignment)
	end := start + size
	if end > room+uint32(len(adapterRoom)) {
		return nowhere
	}
	adapterRoomUsed = end - room
	return start
}

// nowhere is an address behind all memory: what is written there ends the trial.
const nowhere = ^uint32(0)

// argumentsRoom is where the engine writes the arguments of the trial, before it calls anything.
var argumentsRoom []byte

// offered is the room that is there: addresses.
var offered struct{ next, end uint32 }

// ExpectConfig makes room for a configuration of this size, before the trial is called with it.
func ExpectConfig(size int) {
	argumentsRoom = allocated(size)
	offer(argumentsRoom)
}

// room is what the engine asks for memory by, for what it gives. Nothing of that ever changes its size, so there is no old place.
//
//go:wasmexport cabi_realloc
//go:nosplit
func room(_, _, alignment, size uint32) uint32 {
	start := aligned(offered.next, alignment)
	if start > offered.end || size > offered.end-start {
		return nowhere
	}
	offered.next = start + size
	return start
}

//go:nosplit
func aligned(address, alignment uint32) uint32 {
	return (address + alignment - 1) &^ (alignment - 1)
}

// offer makes room for what the engine gives next. The caller keeps it.
func offer(room []byte) {
	start := addressOf(room)
	offered.next, offered.end = start, start+uint32(len(room))
}

// memoryOf gives what the engine wrote into as memory.
func memoryOf(rooms ...[]byte) canonical.Memory {
	memory := make(canonical.Memory, len(rooms))
	for index, room := range rooms {
		memory[index] = canonical.Piece{Address: addressOf(room), Bytes: room}
	}
	return memory
}

// allocated gives memory on the heap, which does not move, at an address that is a multiple of 8.
func allocated(size int) []byte {
	words := make([]uint64, size/8+1)
	return unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), size)
}

func addressOf(bytes []byte) uint32 {
	return uint32(uintptr(unsafe.Pointer(unsafe.SliceData(bytes))))
}

// placed gives memory that holds the block.
func placed(block *canonical.Block) []byte {
	memory := allocated(block.Size())
	block.PutAt(addressOf(memory), memory)
	return memory
}
