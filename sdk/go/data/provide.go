//go:build !wasip1

package data

import "trialbox/internal/engine"

// Provide supplies a data set, for tests.
func Provide(name string, content []byte) {
	engine.ProvideData(name, content)
}
