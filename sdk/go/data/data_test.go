package data_test

import (
	"bytes"
	"encoding/csv"
	"io"
	"strings"
	"testing"

	"trialbox/data"
)

func TestALargeDataSetIsReadInPieces(t *testing.T) {
	content := make([]byte, 2_500_000)
	for index := range content {
		content[index] = byte(index % 251)
	}
	data.Provide("large", content)
	whole, err := data.Read("large")
	if err != nil || !bytes.Equal(whole, content) {
		t.Errorf("%d bytes, %v", len(whole), err)
	}
	size, isThere := data.Size("large")
	if size != 2_500_000 || !isThere {
		t.Errorf("%d %t", size, isThere)
	}
	section, err := data.Open("large")
	if err != nil {
		t.Fatal(err)
	}
	streamed, err := io.ReadAll(section)
	if err != nil || !bytes.Equal(streamed, content) {
		t.Errorf("%d bytes, %v", len(streamed), err)
	}
	end := make([]byte, 10)
	count, err := section.ReadAt(end, 2_499_997)
	if count != 3 || err != io.EOF || !bytes.Equal(end[:3], content[2_499_997:]) {
		t.Errorf("%d bytes, %v", count, err)
	}
}

func TestATextIsReadByLines(t *testing.T) {
	data.Provide("rows", []byte("1,2\n3,4\n"))
	section, err := data.Open("rows")
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(section).ReadAll()
	if err != nil || len(rows) != 2 || rows[1][0] != "3" {
		t.Errorf("%v, %v", rows, err)
	}
	text, err := data.Text("rows")
	if err != nil || text != "1,2\n3,4\n" {
		t.Errorf("%q, %v", text, err)
	}
}

func TestAnEmptyDataSetIsThere(t *testing.T) {
	data.Provide("empty", nil)
	content, err := data.Read("empty")
	if err != nil || len(content) != 0 {
		t.Errorf("%v, %v", content, err)
	}
}

func TestAMissingDataSetIsNamedWithThoseThatAreThere(t *testing.T) {
	data.Provide("digits", nil)
	_, err := data.Read("digit")
	if err == nil || !strings.Contains(err.Error(), "names no data set `digit`; it names digits") {
		t.Error(err)
	}
	if _, isThere := data.Size("digit"); isThere {
		t.Error("it is there")
	}
	names := strings.Join(data.Names(), " ")
	if !strings.Contains(names, "digits") {
		t.Error(names)
	}
}
