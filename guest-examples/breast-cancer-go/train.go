// Logistic regression on breast cancer data, from scratch: the same problem and results as in other languages.
//
// This file is the training function. It reads the data set by dataset.go, trains the model of regression.go in an order that generator.go
// draws, reports after each epoch how good the model is on the validation rows, and leaves its weights as `model.csv`.
package main

import (
	"fmt"
	"slices"

	"trialbox"
	"trialbox/artifact"
	"trialbox/space"
)

var _ = trialbox.Args(train,
	"learning_rate", space.Real(1e-3, 1).Log().Default(0.03),
	"weight_decay", space.Real(1e-6, 0.1).Log().Default(1e-4),
	"momentum", space.Real(0, 0.99).Default(0.9),
	"batch_size", space.Int(4, 128).Log().Default(32),
	"epochs", 20,
)

func train(args trialbox.Arguments, reporter *trialbox.Reporter) error {
	training, validation, err := load("breast-cancer")
	if err != nil {
		return err
	}
	step := step{
		learningRate: args.Real("learning_rate"),
		momentum:     args.Real("momentum"),
		weightDecay:  args.Real("weight_decay"),
	}
	model := logisticRegression{}
	generator := newGenerator(reporter.Seed())
	for epoch := 1; epoch <= args.Int("epochs"); epoch++ {
		generator.shuffle(training)
		for batch := range slices.Chunk(training, args.Int("batch_size")) {
			model.learn(batch, step)
		}
		accuracy, loss := model.judgedBy(validation)
		reporter.Report("epoch", epoch, "accuracy", accuracy, "loss", loss)
	}
	artifact.Save("model.csv", []byte(model.text()))
	fmt.Printf("trained on %d rows, judged by %d\n", len(training), len(validation))
	return nil
}

func main() {}
