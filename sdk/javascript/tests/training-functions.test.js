// Training functions without an engine: their spaces, what a configuration makes of them, and what they report.

import assert from "node:assert/strict";
import test from "node:test";

import { args, artifact, data, reporter, space } from "../index.js";
import { generator } from "../random.js";
import { decoded, encoded } from "../text.js";

const spaces = {
  lr: space.Real(1e-3, 1e-1, { log: true }),
  layers: space.Int(1, 4, { default: 2 }),
  bias: space.Bool(),
  optimiser: space.Categorical(space.Dict({ name: "sgd", momentum: space.Real(0, 0.9) }), space.Dict({ name: "adam" })),
  sizes: space.List(16, space.Int(8, 64)),
  epochs: 3,
  shape: [8, 8],
};
const train = args(spaces, (args, reporter) => {
  for (let epoch = 1; epoch <= args.epochs; epoch++) reporter({ epoch, accuracy: args.lr, noise: Math.random() });
  return args;
});
const config = { lr: 0.01, layers: 3, bias: true, optimiser: "0", "optimiser.0.momentum": 0.5, "sizes.1": 8, epochs: 2 };

test("a space is flat, with dots and conditions", () => {
  const parameters = train.parameters();
  const names = parameters.map(({ name }) => name);
  assert.deepEqual(names, ["lr", "layers", "bias", "optimiser", "optimiser.0.momentum", "sizes.1", "epochs"]);
  assert.deepEqual(parameters[4].condition, { parameter: "optimiser", choice: 0 });
  assert.deepEqual(parameters[3].domain.labels, ["0", "1"]);
  assert.deepEqual(space.Categorical("a", 1, true).labels, ["a", 1, true]);
});

test("a configuration becomes the arguments", () => {
  const args = train.run(config, reporter());
  assert.deepEqual(args.optimiser, { name: "sgd", momentum: 0.5 });
  assert.deepEqual([args.sizes, args.shape, args.layers], [[16, 8], [8, 8], 3]);
});

test("equal seeds draw equally, and others otherwise", () => {
  const noise = (seed) => {
    const heard = reporter(seed);
    train.run(config, heard);
    return heard.reports.map((report) => report.noise);
  };
  assert.deepEqual(noise(1), noise(1));
  assert.notDeepEqual(noise(1), noise(2));
  const next = generator(7n);
  const drawn = Array.from({ length: 10_000 }, next);
  assert.ok(drawn.every((number) => number >= 0 && number < 1));
  assert.ok(Math.abs(drawn.reduce((sum, number) => sum + number) / 10_000 - 0.5) < 0.02);
});

test("done ends the training, and a report takes values that the engine has", () => {
  const ends = args({}, (_, reporter) => {
    reporter({});
    reporter({ done: true });
    throw new Error("it went on");
  });
  const heard = reporter();
  ends.run({}, heard);
  assert.deepEqual(heard.reports, []);
  assert.throws(() => heard({ a: [1] }), /`a` is object/);
  assert.throws(() => heard({ accuracy: 1, done: true }));
  assert.deepEqual(heard.reports, [{ accuracy: 1 }]);
  assert.throws(() => args({}, async () => {}).run({}, heard), /only begun/);
  assert.throws(() => args({}, function* () {}).run({}, heard), /only begun/);
});

test("spaces that make no sense are refused", () => {
  for (const make of [
    () => space.Real(1, 1),
    () => space.Real(0, 1, { log: true }),
    () => space.Int(1, 5, { default: 6 }),
    () => space.Int(0.5, 2),
    () => space.Categorical(),
    () => args({ "a.b": 1 }, () => {}),
  ]) {
    assert.throws(make, RangeError);
  }
});

test("texts are UTF-8", () => {
  const text = "a\u00e4\u20ac\u{1f600}".repeat(3_000);
  assert.deepEqual(encoded(text), new TextEncoder().encode(text));
  assert.equal(decoded(encoded(text)), text);
  assert.deepEqual(encoded("\ud800x"), new TextEncoder().encode("\ufffdx"));
  assert.throws(() => decoded(Uint8Array.of(0xff)), /no text in UTF-8/);
});

test("data and artifacts are kept in memory", () => {
  data.provide("words", new TextEncoder().encode("some words"));
  assert.deepEqual([data.names(), data.text("words")], [["words"], "some words"]);
  assert.throws(() => data.read("other"), /no data set `other`; it names words/);
  assert.throws(() => artifact.save("model", new ArrayBuffer(2)), /neither a text nor a Uint8Array/);
  artifact.save("model", "ab");
  assert.deepEqual(artifact.saved("model"), new TextEncoder().encode("ab"));
});

test("an argument that is not there is named with those that are", () => {
  const misspelt = args({ learningRate: space.Real(0, 1), epochs: 3 }, (args) => args.lerningRate);
  assert.throws(() => misspelt.run({ learningRate: 0.5, epochs: 3 }, reporter()), /no argument `lerningRate`; there are learningRate, epochs/);
  const shown = args({ epochs: 3 }, (args) => JSON.stringify(args));
  assert.equal(shown.run({ epochs: 3 }, reporter()), '{"epochs":3}');
});
