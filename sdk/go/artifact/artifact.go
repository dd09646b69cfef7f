// Package artifact saves files that a trial leaves behind, such as the trained model.
//
// A name is 1 to 64 letters, digits, dots, underscores and hyphens, and does not begin with a dot. In a test they are kept in memory.
package artifact

import (
	"io"
	"slices"

	"trialbox/internal/engine"
)

// pieceSize is how much one call to the engine carries, in bytes.
const pieceSize = 1 << 20

// Save saves a file whole, in place of one of that name.
func Save(name string, content []byte) {
	Clear(name)
	Append(name, content)
}

// Append appends to a file, which exists from then on.
func Append(name string, content []byte) {
	if len(content) == 0 {
		// An empty file exists, too.
		engine.ArtifactAppend(name, nil)
	}
	for piece := range slices.Chunk(content, pieceSize) {
		engine.ArtifactAppend(name, piece)
	}
}

// Clear empties a file, so that the next Append begins it anew.
func Clear(name string) {
	engine.ArtifactClear(name)
}

// Create gives a file that is written anew, such as by json.NewEncoder. Each write is a call to the engine.
func Create(name string) io.Writer {
	Save(name, nil)
	return file(name)
}

// file is a file by its name.
type file string

// Write implements io.Writer.
func (file file) Write(content []byte) (int, error) {
	Append(string(file), content)
	return len(content), nil
}
