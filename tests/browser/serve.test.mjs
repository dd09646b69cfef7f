// `trialbox serve` in a browser, beside a study that is run: the list and the page follow it without being loaded again.
//
// TRIALBOX names the program, CHROMIUM the browser. Nothing here depends on how fast either is: a run is interrupted, looked at, and
// then gone on with to its end.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { counts, launch } from "./support.mjs";

const PROGRAM = path.resolve(process.env.TRIALBOX ?? "target/release/trialbox");
const STUDY = fileURLToPath(new URL("../../guest-examples/digits", import.meta.url));
/** How long anything is waited for that must come. */
const PATIENCE_MILLISECONDS = 120_000;

let folder;
let browser;
const processes = new Set();

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "trialbox-serve-"));
  browser = await launch();
});

after(async () => {
  await browser?.close();
  for (const child of processes) child.kill("SIGKILL");
  await rm(folder, { recursive: true, force: true });
});

/** Starts the program in the folder. What it says on standard error is gathered in `said`. */
function start(...words) {
  const child = spawn(PROGRAM, words, { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
  processes.add(child);
  child.said = "";
  child.stderr.setEncoding("utf8");
  child.stderr.on("data", (text) => { child.said += text; });
  child.ended = once(child, "exit").then(([code]) => {
    processes.delete(child);
    return code;
  });
  return child;
}

/** Waits until the program has said what fits, and gives what fitted. */
async function heard(child, pattern) {
  for (;;) {
    const found = child.said.match(pattern);
    if (found) return found;
    const event = await Promise.race([once(child.stderr, "data"), child.ended.then(() => "ended")]);
    if (event === "ended" && !pattern.test(child.said)) throw new Error(`it ended without saying ${pattern}: ${child.said}`);
  }
}

async function serve(...words) {
  const server = start("serve", ...words);
  const [url] = await heard(server, /http:\S+/);
  return { server, url };
}

function run(store) {
  return start("run", STUDY, "--jobs", "1", "--num-trials", "60", "--resume", "--store", store);
}

/** Begins the study and interrupts it after its first trials. */
async function beginRun(store) {
  const running = run(store);
  await heard(running, /trial [1-9]/);
  running.kill("SIGINT");
  assert.equal(await running.ended, 130, `the run was to be interrupted: ${running.said}`);
}

/** A page that takes note of everything that goes wrong in it. */
async function open(url) {
  const page = await browser.newPage();
  page.setDefaultTimeout(PATIENCE_MILLISECONDS);
  page.mistakes = [];
  page.on("pageerror", (error) => page.mistakes.push(error.message));
  page.on("console", (message) => {
    if (message.text().includes("Content Security Policy")) page.mistakes.push(message.text());
  });
  await page.goto(url);
  await page.evaluate(() => { globalThis.wasNotLoadedAgain = true; });
  return page;
}

async function assertWasNotLoadedAgain(page) {
  assert.equal(await page.evaluate(() => globalThis.wasNotLoadedAgain), true);
  assert.deepEqual(page.mistakes, []);
}

test("the page of a study follows its run, keeps its filters, outlives its server and tells the end", { timeout: 5 * PATIENCE_MILLISECONDS }, async () => {
  await beginRun("followed.study");
  let { server, url } = await serve(".", "--port", "0");
  const page = await open(`${url}studies/followed.study/`);
  await page.locator("#filter-count").filter({ hasText: "trial" }).waitFor();
  const trials = (await counts(page)).all;
  assert.ok(trials > 0 && trials < 60, `${trials} trials`);
  await page.locator("#filter-text").fill("relu");
  await page.locator("#filter-count").filter({ hasText: " of " }).waitFor();

  // Without its server the page says so, and goes on once there is one again.
  const banner = page.locator("#banner");
  server.kill("SIGKILL");
  await server.ended;
  await banner.filter({ hasText: "connection is lost" }).waitFor();
  ({ server } = await serve(".", "--port", new URL(url).port));
  await banner.waitFor({ state: "hidden" });

  const running = run("followed.study");
  while ((await counts(page)).all <= trials) await page.waitForTimeout(20);
  assert.equal(await page.locator("#filter-text").inputValue(), "relu");
  assert.match(await page.locator("#filter-count").textContent(), / of /);

  assert.equal(await running.ended, 0, running.said);
  await banner.filter({ hasText: "has ended" }).waitFor();
  await page.getByText("finished:").first().waitFor();
  assert.equal((await counts(page)).all, 60);
  assert.equal(await page.locator("#filter-text").inputValue(), "relu");
  await assertWasNotLoadedAgain(page);
  await page.close();

  server.kill("SIGINT");
  assert.equal(await server.ended, 0, "who ends a server has not failed");
});

test("the list of studies follows the folder", { timeout: 5 * PATIENCE_MILLISECONDS }, async () => {
  const { server, url } = await serve(".", "--port", "0");
  const page = await open(url);
  await beginRun("begun.study");
  const row = page.locator("tr", { has: page.getByRole("link", { name: "digits" }), hasText: "begun.study" });
  await row.filter({ hasText: "not finished" }).filter({ hasText: "of 60" }).waitFor();
  const running = run("begun.study");
  assert.equal(await running.ended, 0, running.said);
  await row.filter({ hasText: "ended" }).filter({ hasText: "60 of 60" }).waitFor();
  await rename(path.join(folder, "begun.study"), path.join(folder, "begun.elsewhere"));
  await row.waitFor({ state: "detached" });

  server.kill("SIGKILL");
  await page.locator("#banner").filter({ hasText: "does not answer" }).waitFor();
  await serve(".", "--port", new URL(url).port);
  await page.locator("#banner").waitFor({ state: "hidden" });
  await assertWasNotLoadedAgain(page);
  await page.close();
});

test("a study that cannot be read has a page that says why, and leads back", { timeout: 5 * PATIENCE_MILLISECONDS }, async () => {
  await writeFile(path.join(folder, "<b>odd.study"), "no database");
  const { server, url } = await serve(".", "--port", "0");
  const page = await open(url);
  await page.getByRole("link", { name: "<b>odd.study" }).click();
  await page.getByText("is not a study").waitFor();
  await page.getByRole("link", { name: "All studies" }).click();
  await page.getByRole("heading", { name: "Studies" }).waitFor();
  assert.deepEqual(page.mistakes, []);
  await page.close();
  server.kill("SIGINT");
  assert.equal(await server.ended, 0);
});

test("a server with a token shows nothing without it, and forgets it in the address", { timeout: 5 * PATIENCE_MILLISECONDS }, async () => {
  const { server, url } = await serve(".", "--port", "0", "--token-file", "token");
  const page = await open(new URL("/", url).href);
  await page.getByText("its token").waitFor();
  await page.goto(url);
  await page.getByRole("heading", { name: "Studies" }).waitFor();
  assert.equal(page.url(), new URL("/", url).href);
  assert.equal(await page.evaluate(() => document.cookie), "", "no script can read the token");
  await page.close();
  server.kill("SIGINT");
  assert.equal(await server.ended, 0);
});
