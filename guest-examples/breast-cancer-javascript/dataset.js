// The examples: reads the data set through the SDK, divides its rows, and standardises the features. Called by `train.js`.

import { data } from "trialbox";

const COLUMNS = 31;

/**
 * The examples to learn from, and those to judge by: the rows whose number, from 0, is a multiple of 4. An example has
 * `features`, what was measured of a tumour, and a `label`, 0 for malignant and 1 for benign.
 */
export function load(name) {
  const examples = data.text(name).trimEnd().split("\n").map(example);
  const training = examples.filter((_, row) => row % 4 !== 0);
  const validation = examples.filter((_, row) => row % 4 === 0);
  const scales = training[0].features.map((_, index) => scale(training.map(({ features }) => features[index])));
  return { training: standardised(training, scales), validation: standardised(validation, scales) };
}

function example(line, row) {
  const numbers = line.split(",").map(Number);
  if (numbers.length !== COLUMNS) throw new RangeError(`line ${row + 1} has ${numbers.length} columns instead of ${COLUMNS}`);
  if (numbers.some(Number.isNaN)) throw new RangeError(`line ${row + 1} has a field that is no number`);
  const label = numbers.pop();
  return { features: numbers, label };
}

function standardised(examples, scales) {
  const scaled = (value, index) => (value - scales[index].mean) / scales[index].deviation;
  return examples.map(({ features, label }) => ({ features: features.map(scaled), label }));
}

/** Mean and standard deviation. */
function scale(values) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) * (value - mean), 0);
  return { mean, deviation: Math.sqrt(squares / values.length) };
}
