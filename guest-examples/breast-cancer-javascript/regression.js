// Logistic regression by gradient descent with momentum, one batch after the other. Called by `train.js`; knows nothing of trials.

/** Beyond this log(1 + exp(x)) is x but for the last bits, and exp(x) is soon too large for a number. */
const LINEAR_BEYOND = 30;

/** The probability of a label 1 as a function of features: weights, a bias, and the velocities with which both change. */
export class LogisticRegression {
  #weightVelocities;
  #biasVelocity = 0;

  constructor(features) {
    this.weights = new Array(features).fill(0);
    this.bias = 0;
    this.#weightVelocities = new Array(features).fill(0);
  }

  /** Takes one step against the batch's mean gradient. */
  learn(batch, { learningRate, momentum, weightDecay }) {
    const gradient = new Array(this.weights.length).fill(0);
    let biasGradient = 0;
    for (const { features, label } of batch) {
      const error = probability(this.#logOdds(features)) - label;
      for (let index = 0; index < gradient.length; index++) gradient[index] += error * features[index];
      biasGradient += error;
    }
    const step = (velocity, slope) => momentum * velocity - learningRate * slope;
    for (let index = 0; index < gradient.length; index++) {
      const slope = gradient[index] / batch.length + weightDecay * this.weights[index];
      this.#weightVelocities[index] = step(this.#weightVelocities[index], slope);
      this.weights[index] += this.#weightVelocities[index];
    }
    this.#biasVelocity = step(this.#biasVelocity, biasGradient / batch.length);
    this.bias += this.#biasVelocity;
  }

  /** The accuracy, and the mean loss, on these examples. */
  judgedBy(examples) {
    let correct = 0;
    let loss = 0;
    for (const { features, label } of examples) {
      const logOdds = this.#logOdds(features);
      if (logOdds > 0 === (label === 1)) correct++;
      loss += softplus(label === 1 ? -logOdds : logOdds);
    }
    return { accuracy: correct / examples.length, loss: loss / examples.length };
  }

  #logOdds(features) {
    let logOdds = this.bias;
    for (let index = 0; index < features.length; index++) logOdds += this.weights[index] * features[index];
    return logOdds;
  }
}

const probability = (logOdds) => 1 / (1 + Math.exp(-logOdds));

const softplus = (x) => (x > LINEAR_BEYOND ? x : Math.log(1 + Math.exp(x)));
