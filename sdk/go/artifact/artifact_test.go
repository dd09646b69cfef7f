package artifact_test

import (
	"bytes"
	"fmt"
	"testing"

	"trialbox/artifact"
)

func TestSavingReplacesAndAppendingExtends(t *testing.T) {
	artifact.Save("model", []byte("old and long"))
	artifact.Save("model", []byte("new"))
	artifact.Append("model", []byte("er"))
	expectSaved(t, "model", []byte("newer"))
}

func TestAnEmptyFileIsThere(t *testing.T) {
	artifact.Save("empty", nil)
	expectSaved(t, "empty", nil)
	if _, isThere := artifact.Saved("missing"); isThere {
		t.Error("it is there")
	}
}

func TestALargeFileIsSavedWhole(t *testing.T) {
	content := bytes.Repeat([]byte("0123456789"), 250_000)
	artifact.Save("large", content)
	expectSaved(t, "large", content)
}

func TestAFileThatIsCreatedIsWrittenAnew(t *testing.T) {
	artifact.Save("lines", []byte("old"))
	file := artifact.Create("lines")
	for line := range 3 {
		fmt.Fprintln(file, line)
	}
	expectSaved(t, "lines", []byte("0\n1\n2\n"))
}

func expectSaved(t *testing.T, name string, content []byte) {
	t.Helper()
	saved, isThere := artifact.Saved(name)
	if !isThere || !bytes.Equal(saved, content) {
		t.Errorf("`%s`: %d bytes, there: %t", name, len(saved), isThere)
	}
}
