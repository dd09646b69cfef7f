// Package data reads the data sets that the study names.
//
// In a component they come from the engine, fixed by digest; they are also files under /data. In a test they are what was given to Provide.
package data

import (
	"fmt"
	"io"
	"strings"

	"trialbox/internal/engine"
)

// pieceSize is how much one call to the engine asks for, in bytes.
const pieceSize = 1 << 20

// Names gives the names of the data sets, in ascending order.
func Names() []string {
	return engine.DataNames()
}

// Size gives the size of a data set in bytes, and false if the study names no such data set.
func Size(name string) (size uint64, isThere bool) {
	return engine.DataSize(name)
}

// Read reads the whole of a data set.
func Read(name string) ([]byte, error) {
	section, err := Open(name)
	if err != nil {
		return nil, err
	}
	content := make([]byte, section.Size())
	_, err = section.ReadAt(content, 0)
	if err != nil && err != io.EOF {
		return nil, err
	}
	return content, nil
}

// Text reads the whole of a data set, as a text.
func Text(name string) (string, error) {
	content, err := Read(name)
	return string(content), err
}

// Open gives a data set to be read in parts, such as by bufio.Scanner and csv.NewReader, or from any place in it.
func Open(name string) (*io.SectionReader, error) {
	size, isThere := Size(name)
	if !isThere {
		known := strings.Join(Names(), ", ")
		if known == "" {
			known = "none"
		}
		return nil, fmt.Errorf("the study names no data set `%s`; it names %s", name, known)
	}
	return io.NewSectionReader(set(name), 0, int64(size)), nil
}

// set is a data set by its name.
type set string

// ReadAt implements io.ReaderAt.
func (set set) ReadAt(into []byte, offset int64) (int, error) {
	count := 0
	for count < len(into) {
		piece := into[count:min(len(into), count+pieceSize)]
		read, err := engine.DataRead(string(set), uint64(offset)+uint64(count), piece)
		if err != nil {
			return count, fmt.Errorf("failed to read the data set `%s`: %w", string(set), err)
		}
		count += read
		if read < len(piece) {
			return count, io.EOF
		}
	}
	return count, nil
}
