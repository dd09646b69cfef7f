// Training curves: one line a trial, the best marked. Of very many trials a sample is drawn, with bands of quantiles of all.

/** How many lines are drawn. */
const LINES_MAX = 2000;
/** In how many columns quantiles are taken. */
const BANDS_MAX = 120;

class Curves extends Plot {
  /** @param {View} view */
  constructor(host, view) {
    super(host, "Training curves");
    this.view = view;
    this.note = document.getElementById("curves-note");
    this.x = document.getElementById("curves-x");
    this.logX = document.getElementById("curves-log-x");
    this.logY = document.getElementById("curves-log-y");
    for (const control of [this.x, this.logX, this.logY]) control.addEventListener("change", () => this.prepare());
    view.on("data", () => this.prepare());
    view.on("filter", () => this.select());
    view.on("settle", () => { this.makeBands(); this.select(); });
    view.on("focus", () => this.drawAbove());
    this.drawn = [];
    this.bands = [];
  }

  /** After the data or the axes have changed: extents, then all that rests on them. */
  prepare() {
    const { study } = this.view;
    this.x.options[0].textContent = study.about.time;
    this.xs = this.x.value === "time" ? study.pointTime : study.pointResource;
    const best = study.best >= 0 ? study.reward[study.best] : NaN;
    const live = study.pointValue.subarray(0, study.points);
    this.extentY = robustExtent(live, { log: this.logY.checked, include: best });
    this.isLogY = this.logY.checked && this.extentY !== null;
    if (!this.extentY) this.extentY = robustExtent(live, { include: best });
    let [low, high] = [Infinity, -Infinity];
    for (let point = 0; point < study.points; point++) {
      const x = this.xs[point];
      if (this.logX.checked && x <= 0) continue;
      low = Math.min(low, x);
      high = Math.max(high, x);
    }
    this.extentX = low <= high ? [low, low === high ? low + 1 : high] : null;
    this.countCurves();
    this.makeBands();
    this.select();
  }

  countCurves() {
    const { study, visible } = this.view;
    this.all = 0;
    for (let trial = 0; trial < study.trials; trial++) if (visible[trial] && study.curveCount[trial] > 0) this.all++;
  }

  select() {
    const { view } = this;
    this.countCurves();
    const has = (trial) => view.study.curveCount[trial] > 0;
    this.drawn = view.sample(view.most(LINES_MAX), has);
    // The better on top.
    this.drawn.sort((one, two) => view.shareOf(one) - view.shareOf(two));
    this.describe(this.inWords());
    this.tellNote();
    this.draw();
  }

  tellNote() {
    const { study } = this.view;
    const parts = [];
    if (this.all > this.drawn.length) {
      parts.push(`${formatCount(this.drawn.length)} of ${formatCount(this.all)} curves are drawn; the bands hold the middle 50 % and 80 % of all.`);
    }
    if (study.isThinned) parts.push(`The page holds ${formatCount(study.points)} of ${formatCount(study.pointsTotal)} points.`);
    if (this.extentY?.outside > 0) parts.push(`${formatCount(this.extentY.outside)} points lie far outside and are not shown.`);
    if (this.logY.checked && !this.isLogY) parts.push("Nothing is positive, so there is no logarithm.");
    this.note.textContent = parts.join(" ");
  }

  /** Quantiles of all visible trials by column of the x axis. */
  makeBands() {
    this.bands = [];
    const { study, visible } = this.view;
    if (!this.extentX || this.all <= LINES_MAX) return;
    const [low, high] = this.extentX;
    const isWhole = this.x.value === "resource" && high - low < BANDS_MAX;
    const columns = isWhole ? high - low + 1 : BANDS_MAX;
    const scale = scaleOf([low, high], [0, columns - 1], this.logX.checked && !isWhole && low > 0);
    const columnOf = (point) => Math.round(scale.at(this.xs[point]));
    const starts = new Uint32Array(columns + 1);
    const each = (work) => {
      for (let trial = 0; trial < study.trials; trial++) {
        if (!visible[trial]) continue;
        const end = study.curveStart[trial] + study.curveCount[trial];
        for (let point = study.curveStart[trial]; point < end; point++) {
          const column = columnOf(point);
          if (column >= 0 && column < columns) work(point, column);
        }
      }
    };
    each((_, column) => { starts[column + 1]++; });
    for (let column = 0; column < columns; column++) starts[column + 1] += starts[column];
    const sorted = new Float64Array(starts[columns]);
    const next = starts.slice();
    each((point, column) => { sorted[next[column]++] = study.pointValue[point]; });
    for (let column = 0; column < columns; column++) {
      const values = sorted.subarray(starts[column], starts[column + 1]);
      if (values.length < 5) continue;
      values.sort();
      const at = (share) => values[Math.round(share * (values.length - 1))];
      this.bands.push({ x: scale.value(column), low: at(0.1), lower: at(0.25), middle: at(0.5), upper: at(0.75), high: at(0.9) });
    }
  }

  frame() {
    return { left: 56, top: 26, right: this.width - 14, bottom: this.height - 42 };
  }

  scales() {
    const frame = this.frame();
    const isLogX = this.logX.checked && this.extentX[0] > 0;
    const from = this.x.value === "time" && !isLogX ? 0 : this.extentX[0];
    return {
      x: scaleOf([from, this.extentX[1]], [frame.left, frame.right], isLogX),
      y: scaleOf(this.extentY.extent, [frame.bottom, frame.top], this.isLogY),
    };
  }

  /** A scale whose ticks are virtual seconds. */
  axisX(x) {
    if (this.x.value !== "time") return x;
    return scaleOf([x.from / FUEL_PER_SECOND, x.to / FUEL_PER_SECOND], [x.start, x.end], x.log);
  }

  paintBelow(context) {
    const { view } = this;
    const { study } = view;
    if (!this.extentX || !this.extentY) return this.paintNothing(context, study.trials === 0 ? "No trial was started." : "No trial has reported.");
    const frame = this.frame();
    const { x, y } = this.scales();
    const name = this.x.value === "time" ? "virtual time, s" : study.about.time;
    this.paintAxes(context, frame, this.axisX(x), y, { x: name, y: study.about.attribute, isWholeX: this.x.value === "resource" });
    const dark = isDark();
    // Where there are bands, lines let them through.
    const alpha = Math.max(0.14, Math.min(0.85, (this.bands.length > 0 ? 7 : 14) / Math.sqrt(this.drawn.length + 1)));
    clipped(context, frame, () => {
      if (this.bands.length > 0) this.paintBands(context, x, y, true);
      context.lineWidth = this.drawn.length > 400 ? 1 : 1.4;
      for (const trial of this.drawn) {
        this.paintCurve(context, x, y, trial, continuousColour(view.shareOf(trial), dark, alpha));
      }
      if (this.bands.length > 0) this.paintBands(context, x, y, false);
    });
    if (study.best >= 0 && study.curveCount[study.best] > 0) this.paintBest(context, frame, x, y);
  }

  /** The bands below the lines, and their middle above these. */
  paintBands(context, x, y, isBelow) {
    const band = (low, high, alpha) => {
      context.beginPath();
      this.bands.forEach((at, index) => context[index === 0 ? "moveTo" : "lineTo"](x.at(at.x), y.at(at[high])));
      [...this.bands].reverse().forEach((at) => context.lineTo(x.at(at.x), y.at(at[low])));
      context.globalAlpha = alpha;
      context.fillStyle = colour("--band");
      context.fill();
      context.globalAlpha = 1;
    };
    if (isBelow) {
      band("low", "high", 0.18);
      band("lower", "upper", 0.3);
      return;
    }
    context.beginPath();
    this.bands.forEach((at, index) => context[index === 0 ? "moveTo" : "lineTo"](x.at(at.x), y.at(at.middle)));
    context.strokeStyle = colour("--surface");
    context.lineWidth = 4;
    context.stroke();
    context.strokeStyle = colour("--ink");
    context.lineWidth = 1.5;
    context.stroke();
  }

  paintCurve(context, x, y, trial, stroke) {
    const { curveStart, curveCount, pointValue } = this.view.study;
    const start = curveStart[trial];
    const count = curveCount[trial];
    context.strokeStyle = stroke;
    if (count === 1) {
      context.fillStyle = stroke;
      context.fillRect(x.at(this.xs[start]) - 1.5, y.at(pointValue[start]) - 1.5, 3, 3);
      return;
    }
    context.beginPath();
    for (let point = start; point < start + count; point++) context.lineTo(x.at(this.xs[point]), y.at(pointValue[point]));
    context.stroke();
  }

  paintBest(context, frame, x, y) {
    const { study } = this.view;
    const accent = colour("--best");
    clipped(context, frame, () => {
      context.lineWidth = 4.5;
      this.paintCurve(context, x, y, study.best, colour("--surface"));
      context.lineWidth = 2.25;
      this.paintCurve(context, x, y, study.best, accent);
    });
    const last = study.curveStart[study.best] + study.curveCount[study.best] - 1;
    const [endX, endY] = [x.at(this.xs[last]), y.at(study.pointValue[last])];
    if (endY < frame.top - 4 || endY > frame.bottom + 4) return;
    dot(context, endX, endY, 4.5, accent);
    const words = `best: trial ${study.best}`;
    context.font = `600 11px ${FONT}`;
    const half = context.measureText(words).width;
    const left = Math.max(frame.left, Math.min(frame.right - half, endX - half - 8));
    const top = endY - 12 < frame.top + 6 ? endY + 14 : endY - 12;
    context.textAlign = "left";
    context.textBaseline = "middle";
    context.lineWidth = 4;
    context.strokeStyle = colour("--surface");
    context.strokeText(words, left, top);
    context.fillStyle = accent;
    context.fillText(words, left, top);
  }

  paintAbove(context) {
    if (!this.extentX || !this.extentY) return;
    const { view } = this;
    const { x, y } = this.scales();
    const frame = this.frame();
    for (const [trial, stroke] of view.marked()) {
      if (view.study.curveCount[trial] === 0) continue;
      clipped(context, frame, () => {
        context.lineWidth = 5;
        this.paintCurve(context, x, y, trial, colour("--surface"));
        context.lineWidth = 2.25;
        this.paintCurve(context, x, y, trial, stroke);
      });
      const last = view.study.curveStart[trial] + view.study.curveCount[trial] - 1;
      dot(context, x.at(this.xs[last]), Math.max(frame.top, Math.min(frame.bottom, y.at(view.study.pointValue[last]))), 4, stroke);
    }
  }

  /** The trial whose line is nearest, and its point there, within some pixels. */
  nearest(px, py) {
    if (!this.extentX || !this.extentY) return null;
    const { study } = this.view;
    const { x, y } = this.scales();
    let found = null;
    let distance = 14 ** 2;
    const consider = (trial) => {
      const start = study.curveStart[trial];
      const end = start + study.curveCount[trial];
      let [beforeX, beforeY] = [NaN, NaN];
      for (let point = start; point < end; point++) {
        const [atX, atY] = [x.at(this.xs[point]), y.at(study.pointValue[point])];
        const [toX, toY] = Number.isNaN(beforeX) ? [atX, atY] : nearestOfLine(beforeX, beforeY, atX, atY, px, py);
        const square = (toX - px) ** 2 + (toY - py) ** 2;
        if (square < distance) {
          distance = square;
          const isNearEnd = Number.isNaN(beforeX) || Math.abs(atX - px) <= Math.abs(beforeX - px);
          found = { trial, point: isNearEnd ? point : point - 1 };
        }
        [beforeX, beforeY] = [atX, atY];
      }
    };
    this.drawn.forEach(consider);
    this.view.pins.forEach(consider);
    if (study.best >= 0) consider(study.best);
    return found;
  }

  hover(px, py) {
    const { study } = this.view;
    const found = this.nearest(px, py);
    this.view.hover(found ? found.trial : -1);
    this.above.classList.toggle("pointing", found !== null);
    if (!found) return this.say(null);
    const { x, y } = this.scales();
    const at = this.x.value === "time" ? formatTime(this.xs[found.point]) : `${study.about.time} ${formatCount(this.xs[found.point])}`;
    this.say({
      x: x.at(this.xs[found.point]), y: y.at(study.pointValue[found.point]),
      lines: [`trial ${found.trial}`, `${at}: ${formatNumber(study.pointValue[found.point])}`, study.statusOf(found.trial)],
    });
  }

  leave() {
    this.say(null);
    this.view.hover(-1);
  }

  click(px, py) {
    const found = this.nearest(px, py);
    if (found) this.view.togglePinned(found.trial);
  }

  /** Arrows go through the drawn trials by reward, Enter pins the one that is shown. */
  press(event) {
    const { view } = this;
    const steps = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1 };
    if (event.key in steps && this.drawn.length > 0) {
      const place = this.drawn.indexOf(view.hovered);
      const next = place < 0 ? this.drawn.length - 1 : (place + steps[event.key] + this.drawn.length) % this.drawn.length;
      view.hover(this.drawn[next]);
      this.describe(`trial ${view.hovered}, ${view.study.about.reward} ${formatNumber(view.study.reward[view.hovered])}. Enter pins it.`);
    } else if (event.key === "Enter" && view.hovered >= 0) {
      view.togglePinned(view.hovered);
    } else {
      return;
    }
    event.preventDefault();
  }

  inWords() {
    const { study } = this.view;
    const best = study.best >= 0 ? ` The best is trial ${study.best} with ${formatNumber(study.reward[study.best])}.` : "";
    return `Training curves of ${this.drawn.length} trials, ${study.about.attribute} by ${study.about.time}.${best} Arrows go from trial to trial.`;
  }
}

/** The point of a line that is nearest to a place. */
function nearestOfLine(fromX, fromY, toX, toY, px, py) {
  const [dx, dy] = [toX - fromX, toY - fromY];
  const square = dx * dx + dy * dy;
  const share = square === 0 ? 0 : Math.max(0, Math.min(1, ((px - fromX) * dx + (py - fromY) * dy) / square));
  return [fromX + share * dx, fromY + share * dy];
}
