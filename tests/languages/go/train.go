// A trial that does what its parameter `mode` says, to compare languages by.
package main

import (
	"errors"
	"fmt"
	"math"

	"trialbox"
	"trialbox/artifact"
	"trialbox/data"
	"trialbox/space"
)

var _ = trialbox.Args(train,
	"mode", space.Categorical("reports", "fails", "loops", "eats", "leaves"),
	"rate", space.Real(1e-3, 1).Log(),
	"layers", space.Int(1, 5).Default(2),
	"bias", space.Bool(),
	"optimiser", space.Categorical(space.Dict("momentum", space.Real(0, 0.8)), space.Dict("beta", 0.9)),
	"sizes", space.List(16, space.Int(8, 64)),
	"epochs", 9,
).Reports("accuracy", "epoch", 9)

func train(args trialbox.Arguments, reporter *trialbox.Reporter) error {
	fmt.Printf("mode %s, optimiser %v, sizes %v\n", args.Text("mode"), args.Dict("optimiser"), args.List("sizes"))
	switch args.Text("mode") {
	case "fails":
		return errors.New("no luck with this configuration")
	case "loops":
		for {
		}
	case "eats":
		eat()
	case "leaves":
		words, err := data.Read("words")
		if err != nil {
			return err
		}
		artifact.Save("model.txt", append(words, '!'))
	}
	for epoch := 1; epoch <= args.Int("epochs"); epoch++ {
		accuracy := 1 - math.Abs(args.Real("rate")-0.1) - 1/float64(epoch)
		reporter.Report("epoch", epoch, "accuracy", accuracy, "noise", reporter.Random().Float64())
	}
	return nil
}

func eat() {
	var hoard [][]byte
	for {
		piece := make([]byte, 1<<20)
		for index := range piece {
			piece[index] = 1
		}
		hoard = append(hoard, piece)
	}
}

func main() {}
