// Fits a line to points with noise, by gradient descent: replace it by your own training.
package main

import (
	"fmt"

	"trialbox"
	"trialbox/space"
)

type point struct{ x, y float64 }

var trial = trialbox.Args(train,
	"learning_rate", space.Real(1e-3, 0.3).Log(),
	"batch_size", space.Int(1, 32),
	"momentum", space.Real(0, 0.9),
	"epochs", 20,
)

func train(args trialbox.Arguments, reporter *trialbox.Reporter) error {
	learningRate, momentum, batchSize := args.Real("learning_rate"), args.Real("momentum"), args.Int("batch_size")
	if batchSize < 1 {
		return fmt.Errorf("batch_size must be at least 1, but is %d", batchSize)
	}
	// Random numbers follow from the trial's seed: the same configuration always trains alike.
	random := reporter.Random()
	points := make([]point, 100)
	for index := range points {
		x := float64(index)/50 - 1
		points[index] = point{x, 3*x + 0.5 + 0.2*(random.Float64()-0.5)}
	}
	var line, velocity point
	for epoch := 1; epoch <= args.Int("epochs"); epoch++ {
		random.Shuffle(len(points), func(i, j int) { points[i], points[j] = points[j], points[i] })
		for start := 0; start < len(points); start += batchSize {
			batch := points[start:min(start+batchSize, len(points))]
			var gradient point
			for _, point := range batch {
				residual := line.x*point.x + line.y - point.y
				gradient.x += residual * point.x / float64(len(batch))
				gradient.y += residual / float64(len(batch))
			}
			velocity.x = momentum*velocity.x - learningRate*gradient.x
			velocity.y = momentum*velocity.y - learningRate*gradient.y
			line.x += velocity.x
			line.y += velocity.y
		}
		loss := 0.0
		for _, point := range points {
			residual := line.x*point.x + line.y - point.y
			loss += residual * residual / float64(len(points))
		}
		reporter.Report("epoch", epoch, "accuracy", 1/(1+loss))
	}
	fmt.Printf("y = %.3f x + %.3f\n", line.x, line.y)
	return nil
}

func main() {}
