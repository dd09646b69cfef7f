package trialbox

import (
	"trialbox/internal/canonical"
	"trialbox/internal/engine"
)

// What the component exports: from the engine's calls to the training function.

//go:wasmexport trialbox:trial/train@0.1.0#describe
func exportDescribe() (description uint32) {
	return engine.Give(canonical.Description(registered().description()))
}

//go:wasmexport trialbox:trial/train@0.1.0#train
func exportTrain(attributes, count uint32, seed uint64) (result uint32) {
	reason := failure(func() error {
		config := map[string]any{}
		for _, attribute := range engine.Config(attributes, count) {
			config[attribute.Name] = attribute.Value
		}
		return registered().trainWith(config, reporterTo(seed, engine.Report))
	})
	return engine.Give(canonical.Result(reason))
}

func registered() *TrainingFunction {
	if latest == nil {
		panic("no training function was made by trialbox.Args")
	}
	return latest
}
