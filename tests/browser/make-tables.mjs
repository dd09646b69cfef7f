// Writes the tables of learning curves from which the studies `hostile` and `large` are simulated. The same bytes every time.
//
// node make-tables.mjs FOLDER

import { writeFileSync } from "node:fs";
import { join } from "node:path";

const folder = process.argv[2] ?? ".";

/** Numbers from 0 to 1 that only look like chance (mulberry32). */
function numbersFrom(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A table of 300 configurations with 27 epochs each. */
function large() {
  const next = numbersFrom(1);
  const epochs = Array.from({ length: 27 }, (_, index) => index + 1);
  const rows = [["learning_rate", "momentum", "layers", "batch_size", ...epochs.map((epoch) => `e${epoch}`)].join(",")];
  for (let row = 0; row < 300; row++) {
    const rate = 10 ** (-4 + 3 * next());
    const momentum = 0.1 + 0.89 * next();
    const layers = 1 + Math.floor(5 * next());
    const batch = [16, 32, 64, 128][Math.floor(4 * next())];
    const reached = 0.95 - 0.12 * (Math.log10(rate) + 2.2) ** 2 - 0.1 * (momentum - 0.8) ** 2 - 0.02 * Math.abs(layers - 3) + 0.03 * next();
    const curve = epochs.map((epoch) => (reached * (1 - Math.exp(-epoch / (3 + 4 * momentum))) + 0.01 * next()).toFixed(5));
    rows.push([rate.toPrecision(6), momentum.toFixed(5), layers, batch, ...curve].join(","));
  }
  return `${rows.join("\n")}\n`;
}

/** A table whose rows end in huge numbers, or in nothing. */
function hostile() {
  const next = numbersFrom(2);
  const names = ["learning_rate", "optimizer", "momentum", "beta", "layers", "flag", "e1", "e2", "e3", "e4"];
  const rows = [names.join(",")];
  for (let row = 0; row < 60; row++) {
    const isFirst = next() < 0.5;
    const curve = [0.3, 0.5, 0.6, 0.65].map((value) => (value + 0.3 * next()).toFixed(4));
    if (row % 20 === 3) curve[3] = "1e308";
    if (row % 20 === 7) curve[3] = "-1e308";
    if (row % 10 === 9) curve[2] = "";
    rows.push([
      (10 ** (-4 + 3 * next())).toPrecision(5), isFirst ? "</script><svg onload=alert(4)>" : "adam", isFirst ? (0.99 * next()).toFixed(3) : "",
      isFirst ? "" : (0.5 + 0.49 * next()).toFixed(3), 1 + Math.floor(4 * next()), next() < 0.5 ? "true" : "false", ...curve,
    ].join(","));
  }
  return `${rows.join("\n")}\n`;
}

writeFileSync(join(folder, "large.csv"), large());
writeFileSync(join(folder, "hostile.csv"), hostile());
