// The parts of the page's script that compute, without a browser: scales, the merging of changes, filters.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import vm from "node:vm";

/** The script's parts as the page has them, one after the other in one scope. */
function load() {
  const part = (name) => readFileSync(new URL(`../../src/output/page/script/${name}.js`, import.meta.url), "utf8");
  const names = "Study, View, scaleOf, ticksOf, robustExtent, formatNumber, formatShort, conditionsOf, writtenReal, MISSING";
  const context = vm.createContext({ EventTarget, Event, Float64Array, Float32Array, Uint8Array, Uint32Array, Int32Array, Array, Map, Set });
  return vm.runInContext(`"use strict";\n${["scale", "study", "view"].map(part).join("\n")}\nconst debounced = () => () => {};\n({ ${names} })`, context);
}

const { Study, View, scaleOf, ticksOf, robustExtent, formatNumber, formatShort, writtenReal, MISSING } = load();

/** Data of two trials, as the program gives them. */
function data() {
  return {
    format: 1, sequence: 6, since: null, ended: false, state: "not finished", name: "s", reward: "accuracy", attribute: "accuracy", time: "epoch",
    slots: 2, best: 1, bests: { time: [1e9, 2e9], trial: [0, 1], reward: [0.5, 0.75] },
    parameters: [
      { name: "rate", key: "rate", kind: "real", lower: 0.001, upper: 1, log: true, labels: [], values: [] },
      { name: "kind", key: "kind", kind: "choice", lower: null, upper: null, log: false, labels: ["a", "b", "c"], values: ['"a"', '"b"', '"c"'] },
    ],
    trials: {
      trial: [0, 1], status: [0, 0], statuses: ["completed"], reward: [0.5, 0.75], time: [2, 2], fuel: [1e9, 1e9], reports: [2, 2], start: [0, 1e9],
      bracket: [null, null], detail: [null, null], texts: [], config: [[0.001, 1], [0, null]],
    },
    curves: { trial: [0, 1], count: [2, 2], resource: [1, 2, 1, 2], value: [0.1, 0.5, 0.2, 0.75], time: [5e8, 5e8, 5e8, 5e8], total: 4, thinned: false },
    jobs: { trial: [0, 1], slot: [0, 0], start: [0, 1e9], length: [1e9, null] },
  };
}

/** What has changed after them: trial 1 has ended, trial 2 has failed. */
function change() {
  return {
    ...data(), sequence: 9, since: 6,
    trials: {
      trial: [1, 2], status: [1, 0], statuses: ["failed", "completed"], reward: [0.8, null], time: [3, null], fuel: [2e9, 1], reports: [3, 0], start: [1e9, 0],
      bracket: [null, null], detail: [null, 0], texts: ["failed: boom"], config: [[1, "nan"], [null, 2]],
    },
    curves: { trial: [1], count: [3], resource: [1, 2, 3], value: [0.2, 0.75, 0.8], time: [5e8, 5e8, 5e8], total: 5, thinned: false },
    jobs: { trial: [1, 2], slot: [0, 1], start: [1e9, 0], length: [15e8, 1] },
  };
}

test("a study is read, and a change takes the place of what it is about", () => {
  const study = new Study();
  study.merge(data());
  assert.equal(study.trials, 2);
  assert.deepEqual([...study.pointTime.subarray(0, 4)], [5e8, 1e9, 1.5e9, 2e9]);
  study.merge(change());
  assert.equal(study.sequence, 9);
  assert.deepEqual([...study.reward], [0.5, 0.8, NaN]);
  assert.deepEqual([0, 1, 2].map((trial) => study.statusOf(trial)), ["completed", "completed", "failed"]);
  assert.deepEqual([0, 2].map((trial) => study.detailOf(trial)), ["", "failed: boom"]);
  assert.equal(study.curveCount[1], 3);
  assert.equal(study.pointValue[study.curveStart[1] + 2], 0.8);
  assert.equal(study.jobs.length, 3);
  assert.deepEqual([...study.end], [1e9, 2.5e9, 1]);
});

test("another form of data is refused", () => {
  assert.throws(() => new Study().merge({ ...data(), format: 2 }), /format 1/);
});

test("configurations are written as a study file has them", () => {
  const study = new Study();
  study.merge(change());
  assert.equal(study.tomlOf(1), "rate = 1.0\n");
  assert.equal(study.tomlOf(2), 'kind = "c"\nrate = nan\n');
  const written = [0.1 + 0.2, 1, 0, -0, 1.5e-5, 1e300, -3].map(writtenReal);
  assert.deepEqual(written, ["0.30000000000000004", "1.0", "0.0", "-0.0", "1.5e-5", "1e300", "-3.0"]);
  assert.ok(written.every((text) => /^-?[\d.]+(e-?\d+)?$/.test(text)));
});

test("trials that lack a parameter have a place of their own on its axis", () => {
  const study = new Study();
  study.merge(data());
  assert.deepEqual([...study.positionsOf(0)], [0, 1]);
  assert.deepEqual([...study.positionsOf(1)], [0, Math.fround(MISSING)]);
});

test("filters leave what passes all of them", () => {
  const study = new Study();
  study.merge(data());
  study.merge(change());
  const view = new View(study);
  view.refresh();
  const shown = (text) => {
    view.setText(text);
    return [...view.visible].flatMap((one, trial) => (one ? [trial] : []));
  };
  assert.deepEqual(shown(""), [0, 1, 2]);
  assert.deepEqual(shown("boom"), [2]);
  assert.deepEqual(shown("rate<0.5"), [0]);
  assert.deepEqual(shown("accuracy>=0.8"), [1]);
  assert.deepEqual(shown("trial=2"), [2]);
  assert.deepEqual(shown("completed rate>0.5"), [1]);
  view.setText("");
  view.setRange(1, { from: MISSING - 0.01, to: -0.01 });
  assert.equal(view.count, 1);
  view.toggleStatus("completed");
  assert.equal(view.count, 0);
  view.reset();
  assert.equal(view.count, 3);
});

test("a sample is always the same and never has what is filtered out", () => {
  const study = new Study();
  study.merge(data());
  study.trials = 1000;
  study.orderTrials();
  assert.deepEqual([...study.order].sort((one, two) => one - two), Array.from({ length: 1000 }, (_, trial) => trial));
  const again = [...study.order];
  study.orderTrials();
  assert.deepEqual([...study.order], again);
  assert.notDeepEqual(again.slice(0, 10), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test("a few huge values do not flatten an axis, and are counted", () => {
  const values = [...Array.from({ length: 100 }, (_, index) => index / 100), 1e308, -1e308, NaN];
  const { extent, outside } = robustExtent(values);
  assert.equal(outside, 2);
  assert.ok(extent[0] > -0.1 && extent[1] < 1.1, String(extent));
  for (const few of [[1e308, -1e308], [1e308], [5e-324], [0, 0]]) {
    const { extent: [low, high] } = robustExtent(few);
    assert.ok(Number.isFinite(low) && Number.isFinite(high) && low < high, String(few));
    assert.ok(Number.isFinite(scaleOf([low, high], [0, 100], false).at(few[0])));
  }
  assert.equal(robustExtent([NaN, -Infinity]), null);
  assert.equal(robustExtent([-1, 0], { log: true }), null);
  assert.ok(robustExtent(values, { log: true }).extent[0] > 0);
});

test("ticks are round, few and within reach of any axis", () => {
  const labels = (from, to, log = false) => Array.from(ticksOf(scaleOf([from, to], [0, 1], log), 5), (tick) => tick.label);
  assert.deepEqual(labels(0, 1), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
  assert.deepEqual(labels(0.001, 10, true), ["0.001", "0.01", "0.1", "1", "10"]);
  const whole = Array.from(ticksOf(scaleOf([1, 4], [0, 1], false), 8, true), (tick) => tick.label);
  assert.deepEqual(whole, ["1", "2", "3", "4"]);
  for (const [from, to] of [[-4e307, 4e307], [1e-320, 2e-320], [1, 1 + 1e-15], [0, 1e18]]) {
    assert.ok(labels(from, to).length <= 13, `${from} ${to}`);
  }
});

test("numbers are short", () => {
  assert.deepEqual([0.5, 0.986666666, -12.3456789, 1234567, 1.23456e-7, NaN].map(formatNumber), ["0.5", "0.98667", "−12.346", "1234567", "1.2346e−7", "–"]);
  assert.deepEqual([999, 999_999, 3.4e9].map(formatShort), ["999", "999.9k", "3.4G"]);
});
