//go:build !wasip1

// Package engine passes on to the engine what the other packages ask of it, in a component by the interface in wit/trial.wit. Elsewhere it
// stands in for the engine, in memory.
package engine

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"sync"
)

var (
	// mutex is held by whoever looks at what follows, as tests may run side by side.
	mutex     sync.Mutex
	provided  = map[string][]byte{}
	artifacts = map[string][]byte{}
)

// ProvideData supplies a data set.
func ProvideData(name string, content []byte) {
	mutex.Lock()
	defer mutex.Unlock()
	provided[name] = slices.Clone(content)
}

// Artifact gives what was saved under a name.
func Artifact(name string) (content []byte, isThere bool) {
	mutex.Lock()
	defer mutex.Unlock()
	content, isThere = artifacts[name]
	return slices.Clone(content), isThere
}

// ExpectConfig does nothing: a test gives the configuration itself.
func ExpectConfig(int) {}

// DataNames gives the names of the study's data sets, in ascending order.
func DataNames() []string {
	mutex.Lock()
	defer mutex.Unlock()
	return slices.Sorted(maps.Keys(provided))
}

// DataSize gives the size of a data set, if the study names it.
func DataSize(name string) (size uint64, isThere bool) {
	mutex.Lock()
	defer mutex.Unlock()
	content, isThere := provided[name]
	return uint64(len(content)), isThere
}

// DataRead reads a piece of a data set into memory, and says how many bytes there were.
func DataRead(name string, offset uint64, into []byte) (int, error) {
	mutex.Lock()
	defer mutex.Unlock()
	content, isThere := provided[name]
	if !isThere {
		return 0, errors.New("no test has provided it")
	}
	return copy(into, content[min(offset, uint64(len(content))):]), nil
}

// ArtifactAppend appends to an artifact, which exists from then on.
func ArtifactAppend(name string, bytes []byte) {
	mutex.Lock()
	defer mutex.Unlock()
	artifacts[name] = append(artifacts[name], bytes...)
}

// ArtifactClear empties an artifact.
func ArtifactClear(name string) {
	mutex.Lock()
	defer mutex.Unlock()
	if _, isThere := artifacts[name]; isThere {
		artifacts[name] = nil
	}
}

// Log writes a line to the standard error.
func Log(line string) {
	fmt.Fprintln(os.Stderr, line)
}
