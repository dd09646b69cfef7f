// The example of `autogluon.core`'s documentation, in JavaScript.

import { args, space } from "trialbox";

const spaces = {
  lr: space.Real(1e-3, 1e-2, { log: true }),
  wd: space.Real(1e-3, 1e-2),
  epochs: 10,
};

const uniform = (lower, upper) => lower + (upper - lower) * Math.random();

export default args(spaces, (args, reporter) => {
  console.log(`lr: ${args.lr}, wd: ${args.wd}`);
  for (let e = 0; e < args.epochs; e++) {
    const dummyAccuracy = 1 - Math.pow(1.8, -uniform(e, 2 * e));
    reporter({ epoch: e + 1, accuracy: dummyAccuracy, lr: args.lr, wd: args.wd });
  }
});
