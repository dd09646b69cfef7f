// Pages look as they did: screenshots, made so small that fonts do not matter, are compared with those in `screenshots`.
//
// With TRIALBOX_SCREENSHOTS=rewrite they are written anew. Look at them before you keep them.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { after, before, test } from "node:test";

import { PNG } from "pngjs";

import { close, launch, open } from "./support.mjs";

/** By how much a screenshot is made smaller, each way. */
const SMALLER = 8;
/** How far the channels of the small pictures may be apart on average, of 255. */
const DIFFERENCE_MAX = 9;

const FOLDER = new URL("screenshots/", import.meta.url);
const REWRITES = process.env.TRIALBOX_SCREENSHOTS === "rewrite";

const SHOTS = [
  { name: "digits-top", page: "digits", at: null, options: { colorScheme: "light" } },
  { name: "digits-plots", page: "digits", at: "filters", options: { colorScheme: "light" } },
  { name: "digits-plots-dark", page: "digits", at: "filters", options: { colorScheme: "dark" } },
  { name: "promotion-narrow", page: "promotion", at: "filters", options: { colorScheme: "light", viewport: { width: 400, height: 900 } } },
  { name: "large-plots", page: "large", at: "filters", options: { colorScheme: "light" } },
  { name: "hostile-plots-dark", page: "hostile", at: "filters", options: { colorScheme: "dark" } },
  { name: "compare", page: "compare", at: "progress", options: { colorScheme: "light" } },
];

let browser;

before(async () => {
  browser = await launch();
});

after(() => browser?.close());

/** The picture made smaller: each pixel is the mean of a square. */
function smaller(picture) {
  const small = new PNG({ width: Math.floor(picture.width / SMALLER), height: Math.floor(picture.height / SMALLER) });
  for (let y = 0; y < small.height; y++) {
    for (let x = 0; x < small.width; x++) {
      for (let channel = 0; channel < 4; channel++) {
        let sum = 0;
        for (let dy = 0; dy < SMALLER; dy++) {
          for (let dx = 0; dx < SMALLER; dx++) sum += picture.data[4 * ((y * SMALLER + dy) * picture.width + x * SMALLER + dx) + channel];
        }
        small.data[4 * (y * small.width + x) + channel] = Math.round(sum / SMALLER ** 2);
      }
    }
  }
  return small;
}

function difference(one, two) {
  assert.deepEqual([one.width, one.height], [two.width, two.height]);
  let sum = 0;
  for (let index = 0; index < one.data.length; index++) sum += Math.abs(one.data[index] - two.data[index]);
  return sum / one.data.length;
}

for (const { name, page: pageName, at, options } of SHOTS) {
  test(`${name} looks as it did`, async () => {
    const page = await open(browser, pageName, options);
    if (at) await page.evaluate((id) => document.getElementById(id).scrollIntoView(), at);
    // Bands of quantiles come a moment after the lines.
    await page.waitForTimeout(400);
    const small = smaller(PNG.sync.read(await page.screenshot()));
    await close(page);
    const file = new URL(`${name}.png`, FOLDER);
    if (REWRITES) {
      mkdirSync(FOLDER, { recursive: true });
      writeFileSync(file, PNG.sync.write(small, { colorType: 2 }));
      return;
    }
    const apart = difference(small, PNG.sync.read(readFileSync(file)));
    assert.ok(apart <= DIFFERENCE_MAX, `it is ${apart.toFixed(1)} of 255 apart; look at it, and rewrite it if it is right (see README.md)`);
  });
}
