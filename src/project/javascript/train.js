// Fits a line to points with noise, by gradient descent: replace it by your own training.

import { args, space } from "trialbox";

const spaces = {
  learningRate: space.Real(1e-3, 0.3, { log: true }),
  batchSize: space.Int(1, 32),
  momentum: space.Real(0.0, 0.9),
  epochs: 20,
};

export default args(spaces, (args, reporter) => {
  // `Math.random` is seeded with the trial's seed: the same configuration always trains alike.
  const points = Array.from({ length: 100 }, (_, index) => {
    const x = index / 50 - 1;
    return { x, y: 3 * x + 0.5 + 0.2 * (Math.random() - 0.5) };
  });
  let [slope, offset, slopeStep, offsetStep] = [0, 0, 0, 0];
  const error = ({ x, y }) => slope * x + offset - y;
  const mean = (numbers) => numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
  for (let epoch = 1; epoch <= args.epochs; epoch++) {
    points.sort(() => Math.random() - 0.5);
    for (let start = 0; start < points.length; start += args.batchSize) {
      const batch = points.slice(start, start + args.batchSize);
      slopeStep = args.momentum * slopeStep - args.learningRate * mean(batch.map((point) => error(point) * point.x));
      offsetStep = args.momentum * offsetStep - args.learningRate * mean(batch.map(error));
      slope += slopeStep;
      offset += offsetStep;
    }
    const loss = mean(points.map((point) => error(point) ** 2));
    reporter({ epoch, accuracy: 1 / (1 + loss) });
  }
  console.log(`y = ${slope.toFixed(3)} x + ${offset.toFixed(3)}`);
});
