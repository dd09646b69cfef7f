// The page of a study: puts its parts together.

/** The row of filters: text, outcomes, ranges. */
class Filters {
  /** @param {View} view @param {Parallel} parallel */
  constructor(view, parallel) {
    this.view = view;
    this.parallel = parallel;
    this.text = document.getElementById("filter-text");
    this.statuses = document.getElementById("filter-statuses");
    this.brushes = document.getElementById("filter-brushes");
    this.count = document.getElementById("filter-count");
    this.reset = document.getElementById("filter-reset");
    const search = debounced((text) => view.setText(text), 120);
    this.text.addEventListener("input", () => search(this.text.value));
    this.reset.addEventListener("click", () => {
      this.text.value = "";
      view.reset();
      this.fillStatuses();
    });
    view.on("data", () => { this.fillStatuses(); this.tell(); });
    view.on("filter", () => this.tell());
  }

  fillStatuses() {
    const { view } = this;
    const counts = new Map();
    for (const status of view.study.status) counts.set(status, (counts.get(status) ?? 0) + 1);
    const buttons = [...counts].map(([status, count]) => {
      const word = view.study.statuses[status];
      const button = element("button", { type: "button", class: "chip", "aria-pressed": String(!view.hidden.has(word)), "data-status": word },
        element("span", { class: `key key-${word in STATUS_COLOURS ? word : "failed"}` }, word), element("span", { class: "muted" }, formatCount(count)));
      button.addEventListener("click", () => {
        view.toggleStatus(word);
        button.setAttribute("aria-pressed", String(!view.hidden.has(word)));
      });
      return button;
    });
    const focused = document.activeElement?.dataset?.status;
    this.statuses.replaceChildren(...buttons);
    if (focused) buttons.find((button) => button.dataset.status === focused)?.focus();
  }

  tell() {
    const { view } = this;
    const all = view.study.trials;
    this.count.textContent = view.isFiltered() ? `${formatCount(view.count)} of ${formatCount(all)} trials` : `${formatCount(all)} ${all === 1 ? "trial" : "trials"}`;
    this.reset.hidden = !view.isFiltered() && view.text === "" && view.ranges.size === 0 && view.hidden.size === 0;
    this.brushes.replaceChildren(...[...view.ranges].map(([axis, range]) => {
      const chip = element("button", { type: "button", class: "chip removable", "aria-label": `Remove the range of ${this.parallel.nameOf(axis)}` },
        element("strong", {}, this.parallel.nameOf(axis)), " ", this.parallel.rangeInWords(axis, range), element("span", { "aria-hidden": "true" }, "×"));
      chip.addEventListener("click", () => view.setRange(axis, null));
      return chip;
    }));
  }
}

/** Lists the pinned trials. */
function showPins(view) {
  const host = document.getElementById("pins");
  host.replaceChildren(...view.pins.map((trial, index) => {
    const chip = element("button", { type: "button", class: `chip removable pin pin-${index}`, "aria-label": `Unpin trial ${trial}` },
      element("strong", {}, `trial ${trial}`), formatNumber(view.study.reward[trial]), element("span", { "aria-hidden": "true" }, "×"));
    chip.addEventListener("click", () => view.pin(trial));
    return chip;
  }));
}

/** Numbers of trials in the static parts become ways to them. */
function linkTrials(view, table) {
  for (const reference of document.querySelectorAll("span.trial-reference")) {
    const trial = Number(reference.dataset.trial);
    const button = element("button", { type: "button", class: "link", "aria-label": `Show trial ${trial}` }, String(trial));
    button.addEventListener("click", () => {
      view.open(trial);
      table.show(trial);
    });
    reference.replaceWith(button);
  }
}

/** Makes the plots, the table and the filters, which all follow the view. */
function makeParts(view) {
  const host = (name) => document.getElementById(`${name}-plot`);
  const parallel = new Parallel(host("parallel"), view);
  const plots = [new Curves(host("curves"), view), new History(host("history"), view), parallel, new Timeline(host("timeline"), view)];
  const table = new Table(document.getElementById("trials-table"), view);
  new Detail(document.getElementById("detail"), view);
  new Filters(view, parallel);
  view.on("focus", () => showPins(view));
  return { plots, table };
}

async function main() {
  const isLive = document.querySelector('meta[name="trialbox-live"]') !== null;
  const study = new Study();
  const view = new View(study);
  let parts = null;
  setUpCopying();
  setUpTheme(() => parts?.plots.forEach((plot) => plot.draw()));
  const updates = isLive ? new Updates(view) : null;
  try {
    if (updates) await updates.begin();
    else study.merge(await embeddedData());
  } catch (error) {
    setUpSections();
    tell(`The plots and the table cannot be shown: ${error.message}.`);
    if (updates) setTimeout(() => location.reload(), 5 * PAUSE_MILLISECONDS);
    return;
  }
  document.getElementById("interactive").hidden = false;
  parts = makeParts(view);
  view.refresh();
  linkTrials(view, parts.table);
  const fillSections = setUpSections();
  if (updates && !study.about.ended) {
    updates.onSummary = () => {
      linkTrials(view, parts.table);
      fillSections();
    };
    updates.listen();
  }
  // Once the first frame is there.
  requestAnimationFrame(() => setTimeout(() => {
    document.documentElement.dataset.ready = String(Math.round(performance.now()));
  }, 0));
}

main();
