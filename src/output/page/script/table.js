// The table of trials. Only the rows in sight are in the document, so that it does not matter how many there are.

/** The height of a row; the style says the same. */
const ROW_HEIGHT = 28;
/** No element is higher: browsers lay out nothing beyond some millions of pixels. */
const HEIGHT_MAX = 8e6;
/** How many columns of parameters there are at most. */
const PARAMETERS_MAX = 60;

/**
 * @typedef {object} Column
 * @property {string} name
 * @property {boolean} isNumber
 * @property {(trial: number) => string} text what a cell shows
 * @property {(trial: number) => number | string} key what is sorted by; NaN and "" come last
 * @property {boolean} [descends] whether the first click sorts from the largest on
 */

class Table {
  /** @param {View} view */
  constructor(host, view) {
    this.view = view;
    this.host = host;
    this.sorted = { column: 0, isDescending: false };
    this.active = -1;
    this.rows = [];
    this.drawn = "";
    this.scroller = element("div", { class: "table-scroll", tabindex: "0", role: "grid", "aria-label": "Trials" });
    this.scroller.addEventListener("scroll", () => this.drawSoon(), { passive: true });
    this.scroller.addEventListener("keydown", (event) => this.press(event));
    this.scroller.addEventListener("click", (event) => this.click(event));
    this.scroller.addEventListener("pointerover", (event) => this.view.hover(this.trialOf(event)));
    this.scroller.addEventListener("pointerleave", () => this.view.hover(-1));
    host.append(this.scroller);
    new ResizeObserver(() => this.drawSoon()).observe(this.scroller);
    view.on("data", () => this.prepare());
    view.on("filter", () => this.choose());
    view.on("focus", () => this.mark());
  }

  /** After the data have changed. */
  prepare() {
    if (!this.columns) this.makeHead();
    this.sort();
    this.choose();
  }

  /** @returns {Column[]} */
  makeColumns() {
    const { study } = this.view;
    const number = (name, column, text = formatNumber, descends = false) => ({
      name, isNumber: true, descends, key: (trial) => column()[trial],
      text: (trial) => (Number.isNaN(column()[trial]) ? "–" : text(column()[trial])),
    });
    const columns = [
      { name: "trial", isNumber: true, key: (trial) => trial, text: String },
      number(study.about.reward, () => study.reward, formatNumber, true),
      { name: "status", isNumber: false, key: (trial) => study.statusOf(trial), text: (trial) => study.statusOf(trial) },
      number(study.about.time, () => study.time, formatCount, true),
      number("fuel", () => study.fuel, formatShort, true),
      number("reports", () => study.reports, formatCount, true),
      number("ended", () => study.end, formatTime),
    ];
    if (study.bracket.some((bracket) => bracket > 0)) columns.push(number("bracket", () => study.bracket));
    const searched = study.parameters.map((parameter, index) => ({ parameter, index })).filter(({ parameter }) => parameter.kind !== "constant");
    for (const { parameter, index } of searched.slice(0, PARAMETERS_MAX)) {
      const isNumber = parameter.kind !== "choice";
      columns.push({
        name: parameter.name, isNumber, text: (trial) => study.valueOf(index, trial),
        key: isNumber ? (trial) => { const value = study.config[index][trial]; return typeof value === "number" ? value : NaN; } : (trial) => study.valueOf(index, trial),
      });
    }
    return columns;
  }

  makeHead() {
    this.columns = this.makeColumns();
    const group = element("colgroup");
    const heads = this.columns.map((column, index) => {
      const button = element("button", { type: "button", "data-column": index }, element("span", {}, column.name));
      button.addEventListener("click", () => this.sortBy(index));
      return element("th", { scope: "col", role: "columnheader", class: column.isNumber ? "number" : "" }, button);
    });
    this.heads = heads;
    this.body = element("tbody");
    this.table = element("table", { class: "trials", role: "presentation" }, group, element("thead", {}, element("tr", { role: "row" }, ...heads)), this.body);
    let width = 0;
    for (const column of this.columns) {
      const one = element("col");
      const pixels = this.widthOf(column);
      width += pixels;
      one.style.width = `${pixels}px`;
      group.append(one);
    }
    // A last column takes what is left.
    group.append(element("col"));
    this.table.querySelector("thead tr").append(element("th", { "aria-hidden": "true" }));
    this.table.style.minWidth = `${width}px`;
    this.above = element("tr", { "aria-hidden": "true" });
    this.below = element("tr", { "aria-hidden": "true" });
    this.scroller.replaceChildren(this.table);
    this.empty = element("p", { class: "empty", hidden: true });
    this.scroller.append(this.empty);
  }

  /** By what a sample of its cells is wide. */
  widthOf(column) {
    let characters = column.name.length + 2;
    for (const trial of this.view.study.order.subarray(0, 200)) characters = Math.max(characters, Math.min(26, column.text(trial).length));
    return Math.round(Math.min(230, Math.max(68, characters * 8.2 + (column.name === "status" ? 46 : 28))));
  }

  sortBy(column) {
    const descends = Boolean(this.columns[column].descends);
    const isSame = this.sorted.column === column;
    this.sorted = { column, isDescending: isSame ? !this.sorted.isDescending : descends };
    this.sort();
    this.choose();
    this.scroller.scrollTop = 0;
  }

  /** All trials in the order that was asked for; those without a value come last, equal ones as they started. */
  sort() {
    const { study } = this.view;
    const { column, isDescending } = this.sorted;
    const { key } = this.columns[column];
    const sign = isDescending ? -1 : 1;
    this.heads.forEach((head, index) => {
      if (index === column) head.setAttribute("aria-sort", isDescending ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
    if (column === 0) {
      // They have this order already.
      this.order = Array.from({ length: study.trials }, (_, trial) => (isDescending ? study.trials - 1 - trial : trial));
      return;
    }
    const keys = Array.from({ length: study.trials }, (_, trial) => key(trial));
    const isText = typeof keys[0] === "string";
    const isMissing = isText ? (value) => value === "" : Number.isNaN;
    const order = keys.map((_, trial) => trial);
    order.sort((one, two) => {
      const [first, second] = [keys[one], keys[two]];
      const [misses, alsoMisses] = [isMissing(first), isMissing(second)];
      if (misses || alsoMisses) return misses === alsoMisses ? one - two : misses ? 1 : -1;
      return first < second ? -sign : first > second ? sign : one - two;
    });
    this.order = order;
  }

  /** The rows that the filters leave. */
  choose() {
    if (!this.columns) return;
    const { visible, count, study } = this.view;
    this.rows = this.order.filter((trial) => visible[trial]);
    // No higher than all trials need, so that a filter does not move what stands below.
    this.scroller.style.maxHeight = `${Math.max(4, study.trials + 2) * ROW_HEIGHT}px`;
    this.scroller.setAttribute("aria-rowcount", String(count + 1));
    this.empty.hidden = count > 0;
    this.empty.textContent = study.trials === 0 ? "No trial was started." : "No trial passes the filters.";
    this.drawn = "";
    this.draw();
  }

  drawSoon() {
    if (this.isWaiting) return;
    this.isWaiting = true;
    requestAnimationFrame(() => {
      this.isWaiting = false;
      this.draw();
    });
  }

  /** How high all rows are, and how many pixels of them a pixel of the scroll bar is. */
  measure() {
    const real = this.rows.length * ROW_HEIGHT;
    const height = Math.min(real, HEIGHT_MAX);
    const inSight = this.scroller.clientHeight - ROW_HEIGHT - 4;
    const ratio = real > height ? (real - inSight) / (height - inSight) : 1;
    return { height, inSight, ratio };
  }

  draw() {
    if (!this.columns) return;
    const { height, inSight, ratio } = this.measure();
    const top = this.scroller.scrollTop * ratio;
    const first = Math.max(0, Math.floor(top / ROW_HEIGHT) - 4);
    const last = Math.min(this.rows.length, Math.ceil((top + inSight) / ROW_HEIGHT) + 4);
    const key = `${first} ${last}`;
    if (key === this.drawn && ratio === 1) return;
    if (key !== this.drawn) this.body.replaceChildren(this.above, ...this.rows.slice(first, last).map((trial, index) => this.makeRow(trial, first + index)), this.below);
    this.drawn = key;
    // Rows stand where they would be if all of them were there, as far as the browser can lay that out.
    const above = ratio === 1 ? first * ROW_HEIGHT : this.scroller.scrollTop - (top - first * ROW_HEIGHT);
    const shown = (last - first) * ROW_HEIGHT;
    this.above.style.height = `${Math.max(0, above)}px`;
    this.below.style.height = `${Math.max(0, height - above - shown)}px`;
    this.mark();
  }

  makeRow(trial, index) {
    const row = element("tr", { "data-trial": trial, id: `row-${trial}`, role: "row", "aria-rowindex": index + 2, class: index % 2 === 1 ? "odd" : "" });
    this.columns.forEach((column, place) => {
      const text = column.text(trial);
      const cell = element("td", { role: "gridcell", class: column.isNumber ? "number" : "" });
      if (column.name === "status" && place === 2) {
        const name = this.view.study.statusOf(trial);
        cell.append(element("span", { class: `key key-${name in STATUS_COLOURS ? name : "failed"}` }, text));
      } else {
        cell.textContent = text === "" ? "–" : text;
      }
      if (text.length > 24) cell.title = text;
      row.append(cell);
    });
    row.append(element("td", { "aria-hidden": "true" }));
    return row;
  }

  /** Marks the rows of the best, pinned, opened and active trials. */
  mark() {
    if (!this.body) return;
    const { study, pins, opened, hovered } = this.view;
    for (const row of this.body.querySelectorAll("tr[data-trial]")) {
      const trial = Number(row.dataset.trial);
      row.classList.toggle("is-best", trial === study.best);
      row.classList.toggle("is-pinned", pins.includes(trial));
      row.classList.toggle("is-hovered", trial === hovered);
      row.classList.toggle("is-active", trial === this.active);
      row.setAttribute("aria-selected", String(trial === opened));
    }
    if (this.active >= 0) this.scroller.setAttribute("aria-activedescendant", `row-${this.active}`);
  }

  trialOf(event) {
    const row = event.target instanceof Element ? event.target.closest("tr[data-trial]") : null;
    return row ? Number(row.dataset.trial) : -1;
  }

  click(event) {
    const trial = this.trialOf(event);
    if (trial < 0) return;
    this.active = trial;
    this.view.open(trial === this.view.opened ? -1 : trial);
  }

  press(event) {
    // The keys of a heading's button are its own.
    if (event.target !== this.scroller) return;
    const place = this.rows.indexOf(this.active);
    const page = Math.max(1, Math.floor(this.scroller.clientHeight / ROW_HEIGHT) - 2);
    const to = {
      ArrowDown: place + 1, ArrowUp: place < 0 ? 0 : place - 1, PageDown: place + page, PageUp: place - page, Home: 0, End: this.rows.length - 1,
    }[event.key];
    if (to !== undefined) this.moveTo(Math.max(0, Math.min(this.rows.length - 1, to)));
    else if ((event.key === "Enter" || event.key === " ") && place >= 0) this.view.open(this.active);
    else if (event.key.toLowerCase() === "p" && place >= 0) this.view.pin(this.active);
    else return;
    event.preventDefault();
  }

  /** Makes a row the active one and brings it into sight. */
  moveTo(place) {
    if (this.rows.length === 0) return;
    this.active = this.rows[place];
    const { inSight, ratio } = this.measure();
    const at = place * ROW_HEIGHT;
    const top = this.scroller.scrollTop * ratio;
    if (at < top) this.scroller.scrollTop = at / ratio;
    else if (at + ROW_HEIGHT > top + inSight) this.scroller.scrollTop = (at + ROW_HEIGHT - inSight) / ratio;
    this.draw();
    this.mark();
  }

  /** Brings the row of a trial into sight, if it is there. */
  show(trial) {
    const place = this.rows.indexOf(trial);
    if (place >= 0) this.moveTo(place);
  }
}
