// Package trialbox makes trials of training functions.
//
// A package main that calls Args once, for a variable or in an init function, becomes a component by `trialbox build`:
//
//	package main
//
//	import (
//		"trialbox"
//		"trialbox/space"
//	)
//
//	var _ = trialbox.Args(train,
//		"lr", space.Real(1e-3, 1e-2).Log(),
//		"epochs", 10,
//	)
//
//	func train(args trialbox.Arguments, reporter *trialbox.Reporter) error {
//		for epoch := 1; epoch <= args.Int("epochs"); epoch++ {
//			reporter.Report("epoch", epoch, "accuracy", 1-args.Real("lr"))
//		}
//		return nil
//	}
//
//	func main() {}
//
// Go asks for main, and a component never calls it. The names are those of the other languages' packages; package space says what an
// argument may be, package data reads the study's data sets, package artifact saves what the trial leaves. What fmt and log print goes to
// the trial's log.
//
// A trial is a function of its arguments, its seed and the study's data. Its random numbers come from Reporter.Random, or from math/rand,
// which the engine seeds for each trial. Its clock is virtual. An error that is returned, and a panic, end the trial as failed, with
// their words.
//
// All of this compiles natively as well, where a test calls TrainingFunction.Train and looks at Reporter.Reports.
package trialbox
