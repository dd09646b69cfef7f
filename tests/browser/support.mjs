// What the tests of pages have in common: the browser, and pages of which all mistakes are noted.

import assert from "node:assert/strict";
import path from "node:path";
import { pathToFileURL } from "node:url";

import { chromium } from "playwright-core";

/** The folder of the pages; README.md says how they are made. */
export const PAGES = path.resolve(process.env.TRIALBOX_PAGES ?? "target/pages");
/** The browser. */
const BROWSER = process.env.CHROMIUM ?? "/usr/bin/chromium";
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];
/** How long anything is waited for that must come. */
const PATIENCE_MILLISECONDS = 120_000;

export function launch() {
  return chromium.launch({ executablePath: BROWSER, args: FLAGS });
}

/**
 * Opens a page and waits until it says that it is ready.
 * @param {import("playwright-core").Browser} browser
 * @param {string} name of the page, without its ending
 */
export async function open(browser, name, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, reducedMotion: "reduce", ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MILLISECONDS);
  const address = pathToFileURL(path.join(PAGES, `${name}.html`)).href;
  page.mistakes = [];
  page.on("pageerror", (error) => page.mistakes.push(`error: ${error.message}`));
  // A violation of the content security policy is told on the console, too.
  page.on("console", (message) => page.mistakes.push(`console: ${message.text()}`));
  page.on("dialog", (dialog) => {
    page.mistakes.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on("request", (request) => {
    // The icon stands in the page itself.
    if (request.url() !== address && !request.url().startsWith("data:")) page.mistakes.push(`request: ${request.url()}`);
  });
  await page.goto(address);
  if (options.javaScriptEnabled !== false) await page.waitForFunction(() => document.documentElement.dataset.ready);
  return page;
}

/** Closes a page in which nothing may have gone wrong. */
export async function close(page) {
  assert.deepEqual(page.mistakes, []);
  await page.context().close();
}

/** How many trials pass the filters, and how many there are, by what the page says. */
export async function counts(page) {
  const text = (await page.locator("#filter-count").textContent()).replace(/\u202f/g, "");
  const [shown, all] = text.match(/\d+/g).map(Number);
  return { shown, all: all ?? shown };
}

/** Waits until so many trials pass the filters. */
export async function waitForCount(page, isRight) {
  const until = Date.now() + PATIENCE_MILLISECONDS;
  for (;;) {
    const { shown } = await counts(page);
    if (isRight(shown)) return shown;
    if (Date.now() > until) throw new Error(`${shown} trials pass the filters, and that does not change`);
    await page.waitForTimeout(20);
  }
}

/**
 * Where something is once it stays there. Plots are drawn when they come near, which moves what is below them.
 * @param {import("playwright-core").Locator} locator
 */
export async function settled(locator) {
  await locator.scrollIntoViewIfNeeded();
  let earlier = null;
  for (;;) {
    const box = await locator.boundingBox();
    if (earlier && box && Math.abs(box.y - earlier.y) < 0.5 && Math.abs(box.x - earlier.x) < 0.5) return box;
    earlier = box;
    await locator.page().waitForTimeout(150);
    await locator.scrollIntoViewIfNeeded();
  }
}

/** The texts of a column of the rows that are in the document, in order. */
export function column(page, heading) {
  return page.evaluate((wanted) => {
    const headings = [...document.querySelectorAll(".trials thead th")].map((head) => head.textContent.trim());
    const place = headings.indexOf(wanted);
    return [...document.querySelectorAll(".trials tbody tr[data-trial]")].map((row) => row.cells[place].textContent);
  }, heading);
}

/** A number as the page writes it. */
export function numberOf(text) {
  return Number(text.replace("−", "-").replace(/[\u202f ]/g, ""));
}
