package main

import (
	"encoding/csv"
	"fmt"
	"math"
	"strconv"

	"trialbox/data"
)

// features is how many numbers are measured of a tumour.
const features = 30

// example is one row: what was measured of a tumour, and what it was.
type example struct {
	features [features]float64
	// label is 0 for malignant, 1 for benign.
	label float64
}

// load gives the examples to learn from, and those to judge by: the rows whose number, from 0, is a multiple of 4.
func load(name string) (training, validation []example, err error) {
	content, err := data.Open(name)
	if err != nil {
		return nil, nil, err
	}
	reader := csv.NewReader(content)
	reader.FieldsPerRecord = features + 1
	rows, err := reader.ReadAll()
	if err != nil {
		return nil, nil, fmt.Errorf("the data set `%s`: %w", name, err)
	}
	for row, fields := range rows {
		example, err := parsed(fields)
		if err != nil {
			return nil, nil, fmt.Errorf("line %d of the data set `%s`: %w", row+1, name, err)
		}
		if row%4 == 0 {
			validation = append(validation, example)
		} else {
			training = append(training, example)
		}
	}
	for index := range features {
		mean, deviation := scale(training, index)
		standardise(training, index, mean, deviation)
		standardise(validation, index, mean, deviation)
	}
	return training, validation, nil
}

func parsed(fields []string) (example, error) {
	var numbers [features + 1]float64
	for index, field := range fields {
		number, err := strconv.ParseFloat(field, 64)
		if err != nil {
			return example{}, err
		}
		numbers[index] = number
	}
	return example{features: [features]float64(numbers[:features]), label: numbers[features]}, nil
}

// scale gives the mean and the standard deviation of a feature.
func scale(examples []example, index int) (mean, deviation float64) {
	for _, example := range examples {
		mean += example.features[index]
	}
	mean /= float64(len(examples))
	squares := 0.0
	for _, example := range examples {
		difference := example.features[index] - mean
		squares += difference * difference
	}
	return mean, math.Sqrt(squares / float64(len(examples)))
}

func standardise(examples []example, index int, mean, deviation float64) {
	for row := range examples {
		value := &examples[row].features[index]
		*value = (*value - mean) / deviation
	}
}
