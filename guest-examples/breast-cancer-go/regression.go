package main

import (
	"math"
	"strconv"
	"strings"
)

// linearBeyond is where log(1 + exp(x)) is x but for the last bits, and exp(x) is soon too large for a number.
const linearBeyond = 30

// step says how far and in what way the weights change.
type step struct{ learningRate, momentum, weightDecay float64 }

// logisticRegression is the probability of a label 1 as a function of features. It learns by gradient descent with momentum, batch by batch,
// and knows nothing of trials.
//
// Every sum is written in a fixed order, so that the guests in other languages come to the same numbers.
type logisticRegression struct {
	weights, weightVelocities [features]float64
	bias, biasVelocity        float64
}

// learn takes one step against the batch's mean gradient.
func (model *logisticRegression) learn(batch []example, step step) {
	var gradient [features]float64
	biasGradient := 0.0
	for row := range batch {
		residual := 1/(1+math.Exp(-model.logOdds(&batch[row]))) - batch[row].label
		for index, value := range batch[row].features {
			gradient[index] += residual * value
		}
		biasGradient += residual
	}
	count := float64(len(batch))
	for index := range model.weights {
		slope := gradient[index]/count + step.weightDecay*model.weights[index]
		model.weightVelocities[index] = step.momentum*model.weightVelocities[index] - step.learningRate*slope
		model.weights[index] += model.weightVelocities[index]
	}
	model.biasVelocity = step.momentum*model.biasVelocity - step.learningRate*(biasGradient/count)
	model.bias += model.biasVelocity
}

// judgedBy gives the accuracy, and the mean loss, on these examples.
func (model *logisticRegression) judgedBy(examples []example) (accuracy, loss float64) {
	for row := range examples {
		logOdds, isBenign := model.logOdds(&examples[row]), examples[row].label == 1
		if (logOdds > 0) == isBenign {
			accuracy++
		}
		if isBenign {
			logOdds = -logOdds
		}
		loss += softplus(logOdds)
	}
	count := float64(len(examples))
	return accuracy / count, loss / count
}

// text gives a line for each weight and a last one for the bias, each as the shortest decimal that reads back equal.
func (model *logisticRegression) text() string {
	var lines strings.Builder
	for _, number := range append(model.weights[:], model.bias) {
		lines.WriteString(strconv.FormatFloat(number, 'g', -1, 64) + "\n")
	}
	return lines.String()
}

func (model *logisticRegression) logOdds(example *example) float64 {
	logOdds := model.bias
	for index, value := range example.features {
		logOdds += model.weights[index] * value
	}
	return logOdds
}

// softplus gives log(1 + exp(x)).
func softplus(x float64) float64 {
	if x > linearBeyond {
		return x
	}
	return math.Log(1 + math.Exp(x))
}
