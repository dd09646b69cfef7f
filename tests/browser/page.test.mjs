// The report page in a browser: it opens without a mistake, shows hostile texts as texts, and can be worked with.

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { after, before, test } from "node:test";

import { PAGES, close, column, counts, launch, numberOf, open, settled, waitForCount } from "./support.mjs";

let browser;

before(async () => {
  browser = await launch();
});

after(() => browser?.close());

for (const file of readdirSync(PAGES).filter((file) => file.endsWith(".html"))) {
  const name = file.replace(/\.html$/, "");
  for (const colorScheme of ["light", "dark"]) {
    test(`the page ${name} opens in ${colorScheme} without a mistake, a request or a dialog`, async () => {
      const page = await open(browser, name, { colorScheme });
      await page.mouse.move(400, 400);
      await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
      await page.waitForTimeout(100);
      await close(page);
    });
  }
}

test("what guests wrote is shown as text and never becomes an element", async () => {
  const page = await open(browser, "hostile");
  for (const text of ["</script><img src=x onerror=alert(1)>", "</style><script>alert(2)</script>", "<epoch onclick=alert(3)>", "</script><svg onload=alert(4)>"]) {
    assert.ok((await page.getByText(text).count()) > 0, text);
  }
  const strangers = await page.evaluate(() => {
    const all = [...document.querySelectorAll("*")];
    const attributes = all.flatMap((element) => [...element.attributes].map((attribute) => attribute.name));
    return {
      images: document.images.length,
      scripts: document.scripts.length,
      handlers: attributes.filter((name) => name.startsWith("on")),
      addresses: [...document.links].filter((link) => !link.getAttribute("href").startsWith("#")).length,
      styles: attributes.filter((name) => name === "srcdoc" || name === "src"),
    };
  });
  assert.deepEqual(strangers, { images: 0, scripts: 1, handlers: [], addresses: 0, styles: [] });
  await page.locator("tr[data-trial]").nth(3).click();
  await page.locator("#detail pre").first().waitFor();
  await page.locator("#filter-text").fill("</script><svg");
  await waitForCount(page, (count) => count > 0 && count < 60);
  await close(page);
});

test("huge rewards do not flatten a plot, and it says so", async () => {
  const page = await open(browser, "hostile");
  assert.match(await page.locator("#history-note").textContent(), /lie far outside/);
  assert.match(await page.locator("#parallel-note").textContent(), /far outside/);
  await close(page);
});

test("the table sorts by every column, missing values last, and back", async () => {
  const page = await open(browser, "digits");
  const headings = await page.locator(".trials thead button").allTextContents();
  assert.ok(headings.length > 10);
  for (const [place, heading] of headings.entries()) {
    const head = page.locator(".trials thead th").nth(place);
    await head.getByRole("button").click();
    const first = await head.getAttribute("aria-sort");
    const values = await column(page, heading);
    const numbers = values.map(numberOf);
    if (numbers.every((number) => !Number.isNaN(number))) {
      const sorted = [...numbers].sort((one, two) => (first === "ascending" ? one - two : two - one));
      assert.deepEqual(numbers, sorted, heading);
    }
    await head.getByRole("button").click();
    assert.notEqual(await head.getAttribute("aria-sort"), first, heading);
  }
  await close(page);
});

test("texts, numbers, comparisons and outcomes filter the trials", async () => {
  const page = await open(browser, "digits");
  const search = page.locator("#filter-text");
  await search.fill("relu");
  const relu = await waitForCount(page, (count) => count < 60);
  assert.ok((await column(page, "activation")).every((text) => text === "relu"));
  await search.fill("tanh");
  assert.equal(await waitForCount(page, (count) => count !== relu), 60 - relu);
  await search.fill("learning_rate<0.01 relu");
  await waitForCount(page, (count) => count < relu && count !== 60 - relu);
  assert.ok((await column(page, "learning_rate")).every((text) => numberOf(text) < 0.01));
  await search.fill("nothing is called so");
  await waitForCount(page, (count) => count === 0);
  await page.getByText("No trial passes the filters.").waitFor();
  await page.getByRole("button", { name: "Show all" }).click();
  await waitForCount(page, (count) => count === 60);
  await close(page);

  const stopping = await open(browser, "stopping");
  const completed = stopping.locator("#filter-statuses button", { hasText: "completed" });
  await completed.click();
  assert.equal(await completed.getAttribute("aria-pressed"), "false");
  await waitForCount(stopping, (count) => count < 100);
  assert.ok((await column(stopping, "status")).every((text) => text !== "completed"));
  await close(stopping);
});

/** How many curves the plot says that it draws. */
async function curves(page) {
  const label = await page.locator("#curves-plot .above").getAttribute("aria-label");
  return Number(label.match(/curves of (\d+)/)[1]);
}

test("a brush on an axis filters curves, history and table alike", async () => {
  const page = await open(browser, "digits");
  const axis = page.getByRole("slider", { name: "Range of learning_rate" });
  const box = await settled(axis);
  const middle = box.x + box.width / 2;
  await page.mouse.move(middle, box.y + 20);
  await page.mouse.down();
  await page.mouse.move(middle, box.y + 60, { steps: 4 });
  await page.mouse.move(middle, box.y + 120, { steps: 4 });
  await page.mouse.up();
  const shown = await waitForCount(page, (count) => count > 0 && count < 60);
  await page.waitForFunction((count) => document.querySelector("#curves-plot .above").getAttribute("aria-label").includes(`of ${count} trials`), shown);
  assert.equal(await curves(page), shown);
  assert.equal(await page.locator(".table-scroll").getAttribute("aria-rowcount"), String(shown + 1));
  const chip = page.getByRole("button", { name: "Remove the range of learning_rate" });
  const [low, high] = (await chip.textContent()).match(/[\d.e−]+(?= to )|(?<= to )[\d.e−]+/g).map(numberOf);
  for (const text of await column(page, "learning_rate")) {
    assert.ok(numberOf(text) >= low * 0.9 && numberOf(text) <= high * 1.1, `${text} is from ${low} to ${high}`);
  }
  await chip.click();
  await waitForCount(page, (count) => count === 60);
  await close(page);
});

test("an axis can be brushed with the keyboard, also where trials lack the value", async () => {
  const page = await open(browser, "hostile");
  const axis = page.getByRole("slider", { name: "Range of optimizer.adam.beta" });
  await axis.focus();
  assert.equal(await axis.getAttribute("aria-valuetext"), "all");
  await page.keyboard.press("ArrowUp");
  const upper = await waitForCount(page, (count) => count < 60);
  assert.ok(upper > 0);
  for (let press = 0; press < 40; press++) await page.keyboard.press("ArrowDown");
  assert.match(await axis.getAttribute("aria-valuetext"), /not set/);
  await waitForCount(page, (count) => count > 0);
  await page.keyboard.press("Delete");
  await waitForCount(page, (count) => count === 60);
  await close(page);
});

test("a curve shows its trial when it is pointed at, and is pinned by a click", async () => {
  const page = await open(browser, "one");
  const plot = page.locator("#curves-plot .above");
  const { width, height } = await plot.boundingBox();
  // The only curve ends at the right edge; it is found wherever it is there.
  let place = null;
  for (let y = 20; y < height && !place; y += 6) {
    await plot.hover({ position: { x: width - 15, y } });
    if (await page.locator("#curves-plot .tip").isVisible()) place = { x: width - 15, y };
  }
  assert.ok(place);
  assert.match(await page.locator("#curves-plot .tip").textContent(), /trial 0/);
  await plot.click({ position: place });
  await page.getByRole("heading", { name: "Trial 0" }).waitFor();
  await page.getByRole("button", { name: "Unpin trial 0" }).waitFor();
  await page.getByRole("button", { name: "Unpin trial 0" }).click();
  assert.equal(await page.getByRole("button", { name: "Unpin trial 0" }).count(), 0);
  await page.keyboard.press("Escape");
  await page.locator("#detail").waitFor({ state: "hidden" });
  await close(page);
});

test("the table and the detail of a trial can be used with the keyboard alone", async () => {
  const page = await open(browser, "digits");
  const grid = page.getByRole("grid", { name: "Trials" });
  await grid.focus();
  for (const key of ["ArrowDown", "ArrowDown", "ArrowDown"]) await page.keyboard.press(key);
  assert.equal(await grid.getAttribute("aria-activedescendant"), "row-2");
  await page.keyboard.press("End");
  assert.equal(await grid.getAttribute("aria-activedescendant"), "row-59");
  await page.locator("#row-59").waitFor();
  await page.keyboard.press("p");
  await page.getByRole("button", { name: "Unpin trial 59" }).waitFor();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Trial 59" }).waitFor();
  await page.getByText("trialbox replay digits.study --trial 59").waitFor();
  await page.keyboard.press("Escape");
  await page.locator("#detail").waitFor({ state: "hidden" });
  assert.equal(await page.evaluate(() => document.activeElement.className), "table-scroll", "it goes on where it was");
  await close(page);
});

test("with the keyboard the way past the bar comes first, and plots can be stepped through", async () => {
  const page = await open(browser, "digits");
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.className), "skip");
  const plot = page.locator("#curves-plot .above");
  await plot.focus();
  await page.keyboard.press("ArrowUp");
  assert.match(await plot.getAttribute("aria-label"), /^trial \d+, accuracy/);
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: /^Unpin trial/ }).waitFor();
  await close(page);
});

test("the colours can be switched, and the choice is shown", async () => {
  const page = await open(browser, "digits", { colorScheme: "light" });
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await ground();
  await page.getByRole("button", { name: "Dark" }).click();
  const dark = await ground();
  assert.notEqual(dark, light);
  assert.equal(await page.getByRole("button", { name: "Dark" }).getAttribute("aria-pressed"), "true");
  await page.getByRole("button", { name: "Auto" }).click();
  assert.equal(await ground(), light);
  await close(page);
});

test("a configuration is copied as it stands", async () => {
  const page = await open(browser, "digits", { permissions: ["clipboard-read", "clipboard-write"] });
  await page.locator("tr[data-trial]").nth(5).click();
  const text = await page.locator("#detail-config").textContent();
  assert.match(text, /^activation = "(relu|tanh)"\n/);
  await page.locator('[data-copy="detail-config"]').click();
  await page.locator('[data-copy="detail-config"]', { hasText: "Copied" }).waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), text);
  await close(page);
});

test("the best trial's detail has the configuration that the page has without scripts", async () => {
  const page = await open(browser, "digits");
  const best = await page.locator("#best-toml").textContent();
  const number = (await page.locator(".figure-best .note").textContent()).match(/trial (\d+)/)[1];
  await page.locator("#filter-text").fill(`trial=${number}`);
  await waitForCount(page, (count) => count === 1);
  await page.locator("tr[data-trial]").click();
  const values = (toml) => Object.fromEntries(toml.trim().split("\n").map((line) => line.split(" = ")).map(([key, value]) => [key, value.startsWith('"') ? value : Number(value)]));
  assert.deepEqual(values(await page.locator("#detail-config").textContent()), values(best));
  await close(page);
});

test("without scripts the page still tells how the study stands", async () => {
  const page = await open(browser, "digits", { javaScriptEnabled: false });
  const text = await page.locator("main").innerText();
  for (const words of ["finished", "Best configuration", "trialbox verify digits.study", "What mattered", "Search space", "Can it be reproduced?"]) {
    assert.ok(text.includes(words), words);
  }
  assert.ok(await page.locator("noscript p").isVisible());
  assert.equal(await page.locator(".copy").first().isVisible(), false, "what cannot work is not there");
  assert.equal(await page.locator("#interactive").isVisible(), false);
  await close(page);
});

test("a study with failures only tells why, and leads to the trials", async () => {
  const page = await open(browser, "failures");
  await page.getByText("out of fuel").first().waitFor();
  assert.match(await page.locator("#failures").innerText(), /Raise fuel_max/);
  await page.locator("#failures").getByRole("button", { name: "Show trial 1" }).click();
  await page.getByRole("heading", { name: "Trial 1" }).waitFor();
  await close(page);
});

test("rungs are explained in sentences", async () => {
  const stopping = await open(browser, "stopping");
  assert.match(await stopping.locator("#rungs").innerText(), /is stopped below/);
  await close(stopping);
  const promotion = await open(browser, "promotion");
  assert.match(await promotion.locator("#rungs").innerText(), /The best( \d+ go| one goes) on\./);
  await close(promotion);
});

test("very many trials can be scrolled, sorted, brushed and searched, and the page says what it leaves out", async () => {
  const page = await open(browser, "large");
  const { all } = await counts(page);
  assert.ok(all >= 10_000);
  assert.match(await page.locator("#curves-note").textContent(), /curves are drawn; the bands/);
  const grid = page.getByRole("grid", { name: "Trials" });
  await grid.focus();
  await page.keyboard.press("End");
  await page.locator(`#row-${all - 1}`).waitFor();
  assert.ok((await page.locator("tr[data-trial]").count()) < 100, "only rows in sight are in the document");
  await page.locator(".trials thead").getByRole("button", { name: "accuracy" }).click();
  await page.locator("tr.is-best").waitFor();
  const rewards = (await column(page, "accuracy")).map(numberOf);
  assert.deepEqual(rewards, [...rewards].sort((one, two) => two - one));
  const axis = page.getByRole("slider", { name: "Range of accuracy" });
  await axis.focus();
  await page.keyboard.press("ArrowUp");
  const upper = await waitForCount(page, (count) => count < all);
  await page.locator("#filter-text").fill("completed");
  await waitForCount(page, (count) => count < upper);
  await close(page);
});

test("slots can be looked at closely", async () => {
  const page = await open(browser, "digits");
  const plot = page.locator("#timeline-plot .above");
  const box = await settled(plot);
  await page.mouse.move(box.x + 200, box.y + 40);
  await page.mouse.down();
  await page.mouse.move(box.x + 400, box.y + 40, { steps: 5 });
  await page.mouse.up();
  await page.getByRole("button", { name: "Whole study" }).click();
  await page.getByRole("button", { name: "Whole study" }).waitFor({ state: "hidden" });
  assert.equal(await page.locator("#detail").isVisible(), false, "a drag is no click");
  await close(page);
});

test("a comparison shows several studies by time, trials and fuel", async () => {
  const page = await open(browser, "compare");
  const plot = page.locator("#progress-plot .above");
  for (const kind of ["time", "trials", "fuel"]) {
    await page.locator("#progress-x").selectOption(kind);
    await plot.hover({ position: { x: 600, y: 200 } });
    assert.match(await page.locator("#progress-plot .tip").textContent(), /digits\.study/);
  }
  const chip = page.locator("#progress-legend button").first();
  await chip.click();
  assert.equal(await chip.getAttribute("aria-pressed"), "false");
  await plot.hover({ position: { x: 610, y: 210 } });
  assert.doesNotMatch(await page.locator("#progress-plot .tip").textContent(), /digits\.study/);
  assert.match(await page.locator("#differences").innerText(), /scheduler/);
  await close(page);
});
