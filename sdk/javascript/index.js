// Training functions as trials of trialbox: `args` makes one of a function and the space of its arguments.
//
//     import { args, space } from "trialbox";
//
//     export default args({ lr: space.Real(1e-3, 1e-2, { log: true }), epochs: 10 }, (args, reporter) => {
//       for (let epoch = 1; epoch <= args.epochs; epoch++) reporter({ epoch, accuracy: 1 - args.lr });
//     });
//
// Everything but `component.js` works without the engine: a training function can be called in a test.

import { engine } from "./engine.js";
import { generator } from "./random.js";
import * as space from "./space.js";
import { decoded, encoded } from "./text.js";

export { space };

/** Thrown by `reporter({ done: true })`, to end the training. */
class Done {}

/** The functions that were made, in order: a component has the last. */
export const trainingFunctions = [];

/** Makes a training function: `spaces` has a space or a constant for each argument. `suggestions` may hold `rewardAttr`, `timeAttr` and `maxT`. */
export function args(spaces, train, suggestions = {}) {
  for (const name of Object.keys(spaces)) {
    if (name.includes(".")) throw new RangeError(`the argument \`${name}\` has a dot, which parts the names of nested spaces`);
  }
  const trainingFunction = { spaces, suggestions, train, parameters: () => space.flat(spaces) };
  trainingFunction.run = (config, reporter) => {
    Math.random = generator(reporter.seed);
    try {
      const result = train(strict(space.values(spaces, config)), reporter);
      if (typeof result?.then === "function" || typeof result?.next === "function") {
        throw new TypeError("the training function has only begun when it returns: write it without `async` and `function*`");
      }
      return result;
    } catch (error) {
      if (!(error instanceof Done)) throw error;
      return undefined;
    }
  };
  trainingFunctions.push(trainingFunction);
  return trainingFunction;
}

/** The arguments: asking for one that is not there is a mistake, and not `undefined`. */
function strict(values) {
  // The language itself asks for these.
  const mayBeMissing = ["toJSON", "then", "next"];
  return new Proxy(values, {
    get(of, name) {
      if (typeof name === "string" && !(name in of) && !mayBeMissing.includes(name)) {
        throw new ReferenceError(`there is no argument \`${name}\`; there are ${Object.keys(of).join(", ")}`);
      }
      return Reflect.get(of, name);
    },
  });
}

/** What a training function calls with what it has come to. Without `send` reports are kept in `reports`, for tests. */
export function reporter(seed = 0, send = undefined) {
  const report = (attributes = {}) => {
    const { done, ...said } = attributes;
    for (const [name, value] of Object.entries(said)) {
      if (!space.isScalar(value)) throw new TypeError(`\`${name}\` is ${typeof value}; a report takes numbers, truth values and texts`);
    }
    if (Object.keys(said).length > 0) (send ?? ((said) => report.reports.push(said)))(said);
    if (done) throw new Done();
  };
  report.seed = seed;
  report.reports = [];
  return report;
}

/** How much one call to the engine carries. */
const PIECE_BYTES = 1 << 20;
const provided = new Map();
const kept = new Map();

/** The data sets that the study names. */
export const data = {
  /** Supplies a data set, for tests. */
  provide: (name, bytes) => void provided.set(name, bytes),
  /** The names, in ascending order. */
  names: () => (engine.data ? engine.data.names() : [...provided.keys()].sort()),
  /** The whole of one, as bytes. */
  read(name) {
    const size = engine.data ? engine.data.size(name) : provided.get(name)?.length;
    // The engine's way to say nothing is another than JavaScript's.
    if (size === undefined || size === null) throw new RangeError(`the study names no data set \`${name}\`; it names ${data.names().join(", ") || "none"}`);
    if (!engine.data) return provided.get(name);
    const bytes = new Uint8Array(Number(size));
    for (let offset = 0; offset < bytes.length; offset += PIECE_BYTES) {
      bytes.set(engine.data.read(name, offset, Math.min(PIECE_BYTES, bytes.length - offset)), offset);
    }
    return bytes;
  },
  /** The whole of one, as text in UTF-8. */
  text: (name) => decoded(data.read(name)),
};

/** Files that the trial leaves behind. */
export const artifact = {
  /** Saves a file whole, in place of one of that name. Takes bytes or a text. */
  save(name, content) {
    const bytes = typeof content === "string" ? encoded(content) : content;
    if (!(bytes instanceof Uint8Array)) throw new TypeError(`the artifact \`${name}\` is neither a text nor a Uint8Array`);
    if (!engine.artifact) return void kept.set(name, bytes);
    engine.artifact.clear(name);
    for (let offset = 0; offset === 0 || offset < bytes.length; offset += PIECE_BYTES) {
      engine.artifact.append(name, bytes.subarray(offset, offset + PIECE_BYTES));
    }
  },
  /** What was saved under a name, for tests. */
  saved: (name) => kept.get(name),
};
