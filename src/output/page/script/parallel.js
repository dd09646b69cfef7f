// Parallel coordinates: an axis for each parameter and one for the reward, each with a brush that filters everything on the page.

/** How many lines are drawn. */
const CONFIGS_MAX = 2000;
/** How many axes are drawn; the page would be too wide with more. */
const AXES_MAX = 60;
/** How far axes are apart at least, in pixels. */
const AXIS_GAP = 104;

/** How far ranges reach: a little beyond all positions. */
const AXIS_START = MISSING - 0.02;
const AXIS_END = 1.02;

class Parallel extends Plot {
  /** @param {View} view */
  constructor(host, view) {
    super(host, "Configurations as parallel coordinates");
    this.view = view;
    this.note = document.getElementById("parallel-note");
    this.axes = [];
    this.handles = [];
    // The axes are what is operated, not the canvas.
    this.above.removeAttribute("tabindex");
    view.on("data", () => this.prepare());
    view.on("filter", () => this.select());
    view.on("settle", () => this.select());
    view.on("focus", () => this.drawAbove());
  }

  /** After the data have changed. Axes stay as they are, unless the space is another one, which it never is. */
  prepare() {
    if (this.axes.length === 0) this.makeAxes();
    this.hasMissing = this.axes.some((axis) => this.view.positionsOf(axis).some((position) => position < 0));
    this.select();
  }

  makeAxes() {
    const { study } = this.view;
    const searched = study.parameters.map((_, index) => index).filter((index) => study.parameters[index].kind !== "constant");
    this.leftOut = Math.max(0, searched.length - AXES_MAX);
    this.axes = [...searched.slice(0, AXES_MAX), -1];
    this.host.style.minWidth = `${this.axes.length * AXIS_GAP + 40}px`;
    this.handles = this.axes.map((axis) => this.makeHandle(axis));
    this.host.append(...this.handles);
  }

  nameOf(axis) {
    return axis < 0 ? this.view.study.about.reward : this.view.study.parameters[axis].name;
  }

  /** What takes pointer and keys on an axis. */
  makeHandle(axis) {
    const handle = element("div", { class: "axis", tabindex: "0", role: "slider", "aria-orientation": "vertical",
      "aria-label": `Range of ${this.nameOf(axis)}`, "aria-valuemin": "0", "aria-valuemax": "100", "aria-valuenow": "100", "aria-valuetext": "all" });
    let start = null;
    const positionAt = (event) => this.positionAt(event.clientY - this.host.getBoundingClientRect().top);
    handle.addEventListener("pointerdown", (event) => {
      handle.setPointerCapture(event.pointerId);
      start = { y: event.clientY, position: positionAt(event), range: this.view.ranges.get(axis) };
    });
    handle.addEventListener("pointermove", (event) => {
      if (!start || Math.abs(event.clientY - start.y) < 4) return;
      this.view.setRange(axis, this.draggedRange(start, positionAt(event)));
    });
    handle.addEventListener("pointerup", (event) => {
      // A click without a drag takes the range away.
      if (start && Math.abs(event.clientY - start.y) < 4) this.view.setRange(axis, null);
      start = null;
    });
    handle.addEventListener("pointercancel", () => { start = null; });
    handle.addEventListener("keydown", (event) => this.pressAxis(axis, event));
    return handle;
  }

  /** A range that is grabbed inside is moved; otherwise a new one is drawn. */
  draggedRange(start, position) {
    const { range } = start;
    if (range && start.position > range.from && start.position < range.to) {
      const moved = position - start.position;
      return { from: range.from + moved, to: range.to + moved };
    }
    return { from: Math.min(start.position, position), to: Math.max(start.position, position) };
  }

  /** Arrows move the range of an axis, with Shift its upper end; Delete takes it away. */
  pressAxis(axis, event) {
    const range = this.view.ranges.get(axis);
    const step = { ArrowUp: 0.05, ArrowDown: -0.05 }[event.key];
    if (step !== undefined) {
      const { from, to } = range ?? { from: 0.5, to: 1 };
      if (!range) this.view.setRange(axis, { from, to });
      else if (event.shiftKey) this.view.setRange(axis, { from, to: Math.max(from, Math.min(AXIS_END, to + step)) });
      else {
        const moved = Math.max(AXIS_START - from, Math.min(AXIS_END - to, step));
        this.view.setRange(axis, { from: from + moved, to: to + moved });
      }
    } else if (event.key === "Delete" || event.key === "Backspace" || event.key === "Escape") {
      this.view.setRange(axis, null);
    } else {
      return;
    }
    event.preventDefault();
  }

  select() {
    const { view } = this;
    this.drawn = view.sample(view.most(CONFIGS_MAX), () => true);
    this.drawn.sort((one, two) => view.shareOf(one) - view.shareOf(two));
    this.faint = view.isFiltered() ? [...view.study.order.subarray(0, view.most(600))].filter((trial) => !view.visible[trial]) : [];
    const parts = [];
    if (view.count > this.drawn.length) parts.push(`${formatCount(this.drawn.length)} of ${formatCount(view.count)} trials are drawn.`);
    if (this.leftOut > 0) parts.push(`${this.leftOut} other parameters are not shown here.`);
    if (view.rewardExtent?.outside > 0) parts.push(`${formatCount(view.rewardExtent.outside)} rewards far outside stand at the ends of their axis.`);
    this.note.textContent = parts.join(" ");
    this.tellRanges();
    this.draw();
  }

  /** Says the ranges to who cannot see them. */
  tellRanges() {
    this.axes.forEach((axis, index) => {
      const range = this.view.ranges.get(axis);
      this.handles[index].setAttribute("aria-valuetext", range ? this.rangeInWords(axis, range) : "all");
      this.handles[index].setAttribute("aria-valuenow", range ? String(Math.round(range.to * 100)) : "100");
    });
  }

  /** A range of an axis in its own values. */
  rangeInWords(axis, { from, to }) {
    const missing = from <= MISSING && to >= MISSING ? "not set" : "";
    if (to < 0) return missing || "nothing";
    const parameter = axis < 0 ? null : this.view.study.parameters[axis];
    let words;
    if (parameter?.kind === "choice") {
      const { labels } = parameter;
      const inside = labels.filter((_, index) => {
        const position = labels.length < 2 ? 0.5 : index / (labels.length - 1);
        return position >= from && position <= to;
      });
      words = inside.length > 3 ? `${inside.slice(0, 3).join(", ")}, …` : inside.join(", ") || "nothing";
    } else {
      const scale = this.valueScale(axis);
      const text = (position) => {
        const value = scale.value(Math.max(0, Math.min(1, position)));
        return formatNumber(Number((parameter?.kind === "integer" ? Math.round(value) : value).toPrecision(3)));
      };
      words = `${text(from)} to ${text(to)}`;
    }
    return missing ? `${words} or ${missing}` : words;
  }

  /** From values of an axis that is an interval to positions. */
  valueScale(axis, pixels = [0, 1]) {
    if (axis < 0) return scaleOf(this.view.rewardExtent?.extent ?? [0, 1], pixels, false);
    const { lower, upper, log } = this.view.study.parameters[axis];
    return scaleOf([lower, upper], pixels, log);
  }

  frame() {
    return { left: 52, top: 44, right: this.width - 60, bottom: this.height - (this.hasMissing ? 46 : 16) };
  }

  xOf(index) {
    const frame = this.frame();
    return this.axes.length < 2 ? (frame.left + frame.right) / 2 : frame.left + (index / (this.axes.length - 1)) * (frame.right - frame.left);
  }

  yOf(position) {
    const frame = this.frame();
    return frame.bottom - position * (frame.bottom - frame.top);
  }

  positionAt(y) {
    const frame = this.frame();
    const position = (frame.bottom - y) / (frame.bottom - frame.top);
    return Math.max(AXIS_START, Math.min(AXIS_END, position));
  }

  paintBelow(context) {
    const { view } = this;
    if (view.study.trials === 0) return this.paintNothing(context, "No trial was started.");
    this.resizeHandles();
    const positions = this.axes.map((axis) => view.positionsOf(axis));
    context.lineWidth = 1;
    const pale = colour("--faint");
    for (const trial of this.faint) this.paintConfig(context, positions, trial, pale);
    const dark = isDark();
    const alpha = Math.max(0.1, Math.min(0.8, 12 / Math.sqrt(this.drawn.length + 1)));
    context.lineWidth = this.drawn.length > 300 ? 1 : 1.3;
    for (const trial of this.drawn) {
      // The best stand out, as there are few of them.
      const share = view.shareOf(trial);
      this.paintConfig(context, positions, trial, continuousColour(share, dark, Math.min(0.9, alpha * (0.5 + share))));
    }
    this.axes.forEach((axis, index) => this.paintAxis(context, axis, index, positions[index]));
  }

  resizeHandles() {
    this.handles.forEach((handle, index) => {
      handle.style.left = `${Math.round(this.xOf(index)) - 16}px`;
      handle.style.height = `${this.height - 30}px`;
    });
  }

  paintConfig(context, positions, trial, stroke) {
    context.strokeStyle = stroke;
    context.beginPath();
    for (let index = 0; index < this.axes.length; index++) {
      const [x, y] = [this.xOf(index), this.yOf(positions[index][trial])];
      if (index === 0) {
        context.moveTo(x, y);
        continue;
      }
      const [beforeX, beforeY] = [this.xOf(index - 1), this.yOf(positions[index - 1][trial])];
      const middle = (beforeX + x) / 2;
      context.bezierCurveTo(middle, beforeY, middle, y, x, y);
    }
    if (this.axes.length === 1) {
      const [x, y] = [this.xOf(0), this.yOf(positions[0][trial])];
      context.moveTo(x - 12, y);
      context.lineTo(x + 12, y);
    }
    context.stroke();
  }

  paintAxis(context, axis, index, positions) {
    const x = Math.round(this.xOf(index)) + 0.5;
    const isReward = axis < 0;
    context.strokeStyle = colour("--axis");
    context.lineWidth = 1;
    line(context, x, this.yOf(1), x, this.yOf(0));
    context.fillStyle = colour(isReward ? "--best" : "--ink");
    context.font = `600 11px ${FONT}`;
    context.textAlign = "center";
    context.textBaseline = "alphabetic";
    context.fillText(fitted(context, this.nameOf(axis), AXIS_GAP - 10), x, 22);
    context.font = `10.5px ${FONT}`;
    context.textAlign = "left";
    context.textBaseline = "middle";
    for (const { position, label } of this.labelsOf(axis)) this.paintLabel(context, label, x, this.yOf(position));
    if (positions.some((position) => position < 0)) {
      const y = this.yOf(MISSING);
      context.fillStyle = colour("--surface");
      context.strokeStyle = colour("--axis");
      context.beginPath();
      context.arc(x, y, 3, 0, 2 * Math.PI);
      context.fill();
      context.stroke();
      this.paintLabel(context, isReward ? "none" : "not set", x, y);
    }
    const range = this.view.ranges.get(axis);
    if (!range) return;
    const [top, bottom] = [this.yOf(range.to), this.yOf(range.from)];
    context.fillStyle = colour("--brush");
    context.strokeStyle = colour("--accent");
    context.lineWidth = 1.5;
    context.beginPath();
    context.roundRect(x - 7, top, 14, Math.max(2, bottom - top), 3);
    context.fill();
    context.stroke();
  }

  labelsOf(axis) {
    const parameter = axis < 0 ? null : this.view.study.parameters[axis];
    const room = Math.max(2, Math.floor((this.yOf(0) - this.yOf(1)) / 34));
    if (parameter?.kind === "choice") {
      const { labels } = parameter;
      const every = Math.ceil(labels.length / (room * 1.6));
      return labels.map((label, index) => ({ position: labels.length < 2 ? 0.5 : index / (labels.length - 1), label }))
        .filter((_, index) => index % every === 0);
    }
    if (axis < 0 && !this.view.rewardExtent) return [];
    const scale = this.valueScale(axis);
    return ticksOf(scale, room, parameter?.kind === "integer").map((tick) => ({ position: scale.at(tick.value), label: tick.label }))
      .filter(({ position }) => position > -0.01 && position < 1.01);
  }

  /** A label on a ground of its own, since lines cross it. */
  paintLabel(context, label, x, y) {
    const text = fitted(context, label, AXIS_GAP - 26);
    context.fillStyle = colour("--surface");
    context.globalAlpha = 0.88;
    context.beginPath();
    context.roundRect(x + 6, y - 7, context.measureText(text).width + 6, 14, 3);
    context.fill();
    context.globalAlpha = 1;
    context.fillStyle = colour("--ink-2");
    context.fillText(text, x + 9, y);
    context.strokeStyle = colour("--axis");
    context.lineWidth = 1;
    line(context, x - 3, Math.round(y) + 0.5, x + 3, Math.round(y) + 0.5);
  }

  paintAbove(context) {
    const { view } = this;
    if (view.study.trials === 0) return;
    const positions = this.axes.map((axis) => view.positionsOf(axis));
    for (const [trial, stroke] of view.marked()) {
      context.lineWidth = 5;
      this.paintConfig(context, positions, trial, colour("--surface"));
      context.lineWidth = 2.25;
      this.paintConfig(context, positions, trial, stroke);
      this.axes.forEach((_, index) => dot(context, this.xOf(index), this.yOf(positions[index][trial]), 3.5, stroke));
    }
  }

  /** The trial whose line passes nearest to a place. */
  nearest(px, py) {
    const { view } = this;
    const positions = this.axes.map((axis) => view.positionsOf(axis));
    let index = 1;
    while (index < this.axes.length - 1 && this.xOf(index) < px) index++;
    const [left, right] = [this.xOf(index - 1), this.xOf(index)];
    const share = Math.max(0, Math.min(1, (px - left) / (right - left || 1)));
    // What the curves between two axes are: a share that eases in and out.
    const eased = share * share * (3 - 2 * share);
    let found = -1;
    let distance = 9;
    for (const trial of this.drawn) {
      const [from, to] = [this.yOf(positions[index - 1][trial]), this.yOf(positions[Math.min(index, positions.length - 1)][trial])];
      const away = Math.abs(from + (to - from) * eased - py);
      if (away < distance) [found, distance] = [trial, away];
    }
    return found;
  }

  hover(px, py) {
    const { view } = this;
    if (view.study.trials === 0 || this.axes.length < 2) return;
    const found = this.nearest(px, py);
    view.hover(found);
    this.above.classList.toggle("pointing", found >= 0);
    if (found < 0) return this.say(null);
    this.say({ x: px, y: py, lines: [`trial ${found}`, `${view.study.about.reward}: ${formatNumber(view.study.reward[found])}`, view.study.statusOf(found)] });
  }

  leave() {
    this.say(null);
    this.view.hover(-1);
  }

  click(px, py) {
    if (this.view.study.trials > 0 && this.axes.length > 1) this.view.togglePinned(this.nearest(px, py));
  }
}
