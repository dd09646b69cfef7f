// How long a page takes from being opened until it says that it is ready: `node measure.mjs PAGE.html`, from this folder. The figures
// of docs/benchmarks.md are its.

import path from "node:path";
import { pathToFileURL } from "node:url";

import { launch } from "./support.mjs";

const TIMES = 5;

const address = pathToFileURL(path.resolve(process.argv[2])).href;
const browser = await launch();
const milliseconds = [];
for (let time = 0; time < TIMES; time++) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  const begun = performance.now();
  await page.goto(address);
  await page.waitForFunction(() => document.documentElement.dataset.ready);
  milliseconds.push(performance.now() - begun);
  await page.close();
}
await browser.close();
milliseconds.sort((one, other) => one - other);
console.log(`${Math.round(milliseconds[(TIMES - 1) / 2])} ms until it is ready, the median of ${TIMES}`);
