// Optimisation history: each trial's reward by when it ended, and the best so far.

/** How many dots are drawn. */
const DOTS_MAX = 20000;

class History extends Plot {
  /** @param {View} view */
  constructor(host, view) {
    super(host, "Optimisation history");
    this.view = view;
    this.note = document.getElementById("history-note");
    this.x = document.getElementById("history-x");
    this.logY = document.getElementById("history-log-y");
    for (const control of [this.x, this.logY]) control.addEventListener("change", () => this.prepare());
    view.on("data", () => this.prepare());
    view.on("filter", () => this.select());
    view.on("settle", () => this.select());
    view.on("focus", () => this.drawAbove());
    this.drawn = [];
  }

  prepare() {
    const { study } = this.view;
    const best = study.best >= 0 ? study.reward[study.best] : NaN;
    this.extentY = robustExtent(study.reward, { log: this.logY.checked, include: best });
    this.isLogY = this.logY.checked && this.extentY !== null;
    if (!this.extentY) this.extentY = robustExtent(study.reward, { include: best });
    this.xs = new Float64Array(study.trials);
    let high = 0;
    for (let trial = 0; trial < study.trials; trial++) {
      this.xs[trial] = this.valueX(trial);
      high = Math.max(high, this.xs[trial]);
    }
    this.extentX = [0, high > 0 ? high : 1];
    this.select();
  }

  valueX(trial) {
    const { study } = this.view;
    if (this.x.value === "trial") return trial;
    if (this.x.value === "fuel") return study.fuel[trial];
    return Number.isNaN(study.end[trial]) ? study.now : study.end[trial];
  }

  select() {
    const { view } = this;
    this.drawn = view.sample(view.most(DOTS_MAX), (trial) => !Number.isNaN(view.study.reward[trial]));
    this.failed = view.sample(view.most(2000), (trial) => Number.isNaN(view.study.reward[trial]));
    let all = 0;
    for (let trial = 0; trial < view.study.trials; trial++) if (view.visible[trial] && !Number.isNaN(view.study.reward[trial])) all++;
    this.all = all;
    const parts = [];
    if (all > this.drawn.length) parts.push(`${formatCount(this.drawn.length)} of ${formatCount(all)} trials are drawn.`);
    if (this.extentY?.outside > 0) parts.push(`${formatCount(this.extentY.outside)} rewards lie far outside and are not shown.`);
    if (this.failed.length > 0 && this.extentY) parts.push("Ticks at the bottom are trials without a reward.");
    this.note.textContent = parts.join(" ");
    this.describe(`Optimisation history of ${all} trials with a reward.`);
    this.draw();
  }

  frame() {
    return { left: 56, top: 26, right: this.width - 14, bottom: this.height - 42 };
  }

  scales() {
    const frame = this.frame();
    const extent = this.extentY?.extent ?? [0, 1];
    return { x: scaleOf(this.extentX, [frame.left, frame.right], false), y: scaleOf(extent, [frame.bottom, frame.top], this.isLogY) };
  }

  paintBelow(context) {
    const { view } = this;
    const { study } = view;
    if (study.trials === 0 || !this.extentY) return this.paintNothing(context, study.trials === 0 ? "No trial was started." : "No trial has a reward.");
    const frame = this.frame();
    const { x, y } = this.scales();
    const isTime = this.x.value === "end";
    const axis = isTime ? scaleOf([0, x.to / FUEL_PER_SECOND], [x.start, x.end], false) : x;
    const names = { end: "virtual time, s", trial: "trial", fuel: "fuel" };
    this.paintAxes(context, frame, axis, y, { x: names[this.x.value], y: study.about.reward, isWholeX: !isTime });
    if (this.x.value !== "fuel") clipped(context, frame, () => this.paintBests(context, x, y));
    const colours = study.statuses.map((status) => view.colourOfStatus(status));
    const size = this.drawn.length > 3000 ? 2 : this.drawn.length > 400 ? 3 : 5;
    context.globalAlpha = this.drawn.length > 3000 ? 0.35 : 0.7;
    clipped(context, frame, () => {
      for (const trial of this.drawn) {
        context.fillStyle = colours[study.status[trial]];
        const [px, py] = [x.at(this.xs[trial]), y.at(study.reward[trial])];
        if (size < 5) context.fillRect(px - size / 2, py - size / 2, size, size);
        else {
          context.beginPath();
          context.arc(px, py, 2.6, 0, 2 * Math.PI);
          context.fill();
        }
      }
    });
    for (const trial of this.failed) {
      context.fillStyle = colours[study.status[trial]];
      context.fillRect(x.at(this.xs[trial]) - 0.75, frame.bottom - 7, 1.5, 7);
    }
    context.globalAlpha = 1;
  }

  /** The best so far as steps. */
  paintBests(context, x, y) {
    const { study } = this.view;
    const { time, trial, reward } = study.bests;
    if (time.length === 0) return;
    const at = (index) => x.at(this.x.value === "trial" ? trial[index] : time[index]);
    context.beginPath();
    // By the number of the trial a later one may stand farther left.
    let rightmost = at(0);
    context.moveTo(rightmost, y.at(reward[0]));
    for (let index = 1; index < time.length; index++) {
      rightmost = Math.max(rightmost, at(index));
      context.lineTo(rightmost, y.at(reward[index - 1]));
      context.lineTo(rightmost, y.at(reward[index]));
    }
    context.lineTo(x.end, y.at(reward[reward.length - 1]));
    context.strokeStyle = colour("--surface");
    context.lineWidth = 4.5;
    context.stroke();
    context.strokeStyle = colour("--best");
    context.lineWidth = 2;
    context.stroke();
  }

  paintAbove(context) {
    const { view } = this;
    if (view.study.trials === 0 || !this.extentY) return;
    const { x, y } = this.scales();
    const frame = this.frame();
    for (const [trial, fill] of view.marked()) {
      const reward = view.study.reward[trial];
      const py = Number.isNaN(reward) ? frame.bottom - 4 : Math.max(frame.top, Math.min(frame.bottom, y.at(reward)));
      dot(context, x.at(this.xs[trial]), py, 5.5, fill);
    }
  }

  nearest(px, py) {
    const { study } = this.view;
    const { x, y } = this.scales();
    let found = -1;
    let distance = 12 ** 2;
    for (const trial of this.drawn) {
      const square = (x.at(this.xs[trial]) - px) ** 2 + (y.at(study.reward[trial]) - py) ** 2;
      if (square < distance) [found, distance] = [trial, square];
    }
    return found;
  }

  hover(px, py) {
    const { study } = this.view;
    if (study.trials === 0 || !this.extentY) return;
    const found = this.nearest(px, py);
    this.view.hover(found);
    this.above.classList.toggle("pointing", found >= 0);
    if (found < 0) return this.say(null);
    const { x, y } = this.scales();
    this.say({
      x: x.at(this.xs[found]), y: y.at(study.reward[found]),
      lines: [`trial ${found}`, `${study.about.reward}: ${formatNumber(study.reward[found])}`, `${study.statusOf(found)} at ${formatTime(this.view.study.end[found])}`],
    });
  }

  leave() {
    this.say(null);
    this.view.hover(-1);
  }

  click(px, py) {
    if (this.view.study.trials > 0 && this.extentY) this.view.togglePinned(this.nearest(px, py));
  }
}
