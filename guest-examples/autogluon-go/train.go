// The example of autogluon.core's documentation, in Go.
package main

import (
	"fmt"
	"math"

	"trialbox"
	"trialbox/space"
)

var _ = trialbox.Args(train,
	"lr", space.Real(1e-3, 1e-2).Log(),
	"wd", space.Real(1e-3, 1e-2),
	"epochs", 10,
)

func train(args trialbox.Arguments, reporter *trialbox.Reporter) error {
	lr, wd := args.Real("lr"), args.Real("wd")
	fmt.Printf("lr: %v, wd: %v\n", lr, wd)
	uniform := func(lower, upper float64) float64 {
		return lower + (upper-lower)*reporter.Random().Float64()
	}
	for e := range args.Int("epochs") {
		dummyAccuracy := 1 - math.Pow(1.8, -uniform(float64(e), float64(2*e)))
		reporter.Report("epoch", e+1, "accuracy", dummyAccuracy, "lr", lr, "wd", wd)
	}
	return nil
}

func main() {}
