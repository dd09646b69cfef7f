// Logistic regression on breast cancer data, from scratch: the same problem and results as in other languages.
//
// Reads the data set by `dataset.js`, trains the model of `regression.js` in an order that `generator.js` draws, reports
// after each epoch how good the model is on the validation rows, and leaves its weights as `model.csv`.

import { args, artifact, space } from "trialbox";

import { load } from "./dataset.js";
import { Generator } from "./generator.js";
import { LogisticRegression } from "./regression.js";

const spaces = {
  learning_rate: space.Real(1e-3, 1, { log: true, default: 0.03 }),
  weight_decay: space.Real(1e-6, 0.1, { log: true, default: 1e-4 }),
  momentum: space.Real(0, 0.99, { default: 0.9 }),
  batch_size: space.Int(4, 128, { log: true, default: 32 }),
  epochs: 20,
};

export default args(spaces, (args, reporter) => {
  const { learning_rate: learningRate, weight_decay: weightDecay, momentum, batch_size: batchSize, epochs } = args;
  const { training, validation } = load("breast-cancer");
  const model = new LogisticRegression(training[0].features.length);
  const generator = new Generator(reporter.seed);
  for (let epoch = 1; epoch <= epochs; epoch++) {
    generator.shuffle(training);
    for (let start = 0; start < training.length; start += batchSize) {
      model.learn(training.slice(start, start + batchSize), { learningRate, momentum, weightDecay });
    }
    const { accuracy, loss } = model.judgedBy(validation);
    reporter({ epoch, accuracy, loss });
  }
  artifact.save("model.csv", [...model.weights, model.bias].map((weight) => `${weight}\n`).join(""));
  console.log(`trained on ${training.length} rows, judged by ${validation.length}`);
});
