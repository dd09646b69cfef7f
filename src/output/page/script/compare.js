// The page that compares studies: the best so far of each, by virtual time, trials or fuel.

class ProgressPlot extends Plot {
  constructor(host, studies) {
    super(host, "The best so far of each study");
    this.studies = studies;
    this.hidden = new Set();
    this.pointed = null;
    this.x = document.getElementById("progress-x");
    this.logX = document.getElementById("progress-log-x");
    for (const control of [this.x, this.logX]) control.addEventListener("change", () => this.draw());
    this.makeLegend();
  }

  makeLegend() {
    document.getElementById("progress-legend").replaceChildren(...this.studies.map((study, index) => {
      const chip = element("button", { type: "button", class: "chip", "aria-pressed": "true" },
        element("span", { class: `series series-${index % SERIES.length}` }, study.name));
      chip.addEventListener("click", () => {
        if (!this.hidden.delete(index)) this.hidden.add(index);
        chip.setAttribute("aria-pressed", String(!this.hidden.has(index)));
        this.draw();
      });
      return chip;
    }));
  }

  shown() {
    return this.studies.map((study, index) => ({ study, index })).filter(({ study, index }) => !this.hidden.has(index) && study.reward.length > 0);
  }

  frame() {
    return { left: 60, top: 28, right: this.width - 14, bottom: this.height - 42 };
  }

  scales() {
    const frame = this.frame();
    const kind = this.x.value;
    const shown = this.shown();
    let high = 1;
    let low = Infinity;
    for (const { study } of shown) {
      for (const value of [...study[kind], study.end[kind]]) {
        high = Math.max(high, value);
        if (value > 0) low = Math.min(low, value);
      }
    }
    low = Math.min(low, high);
    const isLog = this.logX.checked && low < high;
    const rewards = robustExtent(shown.flatMap(({ study }) => study.reward));
    this.outside = rewards?.outside ?? 0;
    return {
      x: scaleOf([isLog ? low : 0, high], [frame.left, frame.right], isLog),
      y: scaleOf(rewards?.extent ?? [0, 1], [frame.bottom, frame.top], false),
    };
  }

  paintBelow(context) {
    if (this.shown().length === 0) return this.paintNothing(context, "No study has a best trial yet.");
    const frame = this.frame();
    const { x, y } = this.scales();
    const kind = this.x.value;
    const axis = kind === "time" ? scaleOf([x.from / FUEL_PER_SECOND, x.to / FUEL_PER_SECOND], [x.start, x.end], x.log) : x;
    const names = [...new Set(this.shown().map(({ study }) => study.reward_name))];
    this.paintAxes(context, frame, axis, y, { x: { time: "virtual time, s", trials: "trials started", fuel: "fuel" }[kind], y: names.join(", "), isWholeX: kind !== "time" });
    document.getElementById("progress-note").textContent = this.outside > 0 ? `${formatCount(this.outside)} rewards lie far outside and are not shown.` : "";
    clipped(context, frame, () => {
      for (const { study, index } of this.shown()) this.paintSteps(context, study, colour(SERIES[index % SERIES.length]), x, y, index);
    });
  }

  /** Lines differ in their dashes besides their colours, so that one above another hides nothing. */
  paintSteps(context, study, stroke, x, y, index) {
    const values = study[this.x.value];
    context.beginPath();
    study.reward.forEach((reward, step) => {
      const at = x.at(Math.max(values[step], x.from));
      if (step === 0) context.moveTo(at, y.at(reward));
      else {
        context.lineTo(at, y.at(study.reward[step - 1]));
        context.lineTo(at, y.at(reward));
      }
    });
    context.lineTo(x.at(study.end[this.x.value]), y.at(study.reward[study.reward.length - 1]));
    context.setLineDash([[], [8, 3], [2, 3], [9, 3, 2, 3]][index % 4]);
    context.strokeStyle = stroke;
    context.lineWidth = 2.25;
    context.stroke();
    context.setLineDash([]);
  }

  /** What each study had reached at a value of the x axis. */
  hover(px) {
    const frame = this.frame();
    if (this.shown().length === 0 || px < frame.left || px > frame.right) return this.leave();
    const { x, y } = this.scales();
    const kind = this.x.value;
    const value = x.value(px);
    this.pointed = { px, dots: [] };
    const lines = this.shown().map(({ study, index }) => {
      let step = -1;
      while (step + 1 < study.reward.length && study[kind][step + 1] <= value) step++;
      if (step < 0 || value > study.end[kind]) return `${study.name}: –`;
      this.pointed.dots.push({ y: y.at(study.reward[step]), fill: colour(SERIES[index % SERIES.length]) });
      return `${study.name}: ${formatNumber(study.reward[step])}, trial ${study.trial[step]}`;
    });
    const head = { time: formatTime(value), trials: `${formatCount(Math.round(value))} trials`, fuel: `${formatShort(value)} of fuel` }[kind];
    this.say({ x: px, y: frame.top + 40, lines: [head, ...lines] });
    this.drawAbove();
  }

  leave() {
    this.pointed = null;
    this.say(null);
    this.drawAbove();
  }

  /** Arrows move what is pointed at. */
  press(event) {
    const step = { ArrowLeft: -12, ArrowRight: 12 }[event.key];
    if (step === undefined) return;
    const frame = this.frame();
    this.hover(Math.max(frame.left, Math.min(frame.right, (this.pointed?.px ?? frame.left) + step)));
    this.describe(this.words.innerText.replaceAll("\n", ", "));
    event.preventDefault();
  }

  paintAbove(context) {
    if (!this.pointed) return;
    const frame = this.frame();
    context.strokeStyle = colour("--axis");
    line(context, this.pointed.px, frame.top, this.pointed.px, frame.bottom);
    for (const { y, fill } of this.pointed.dots) dot(context, this.pointed.px, y, 4.5, fill);
  }
}

async function main() {
  setUpCopying();
  document.getElementById("interactive").hidden = false;
  const plot = new ProgressPlot(document.getElementById("progress-plot"), await embeddedData());
  setUpSections();
  setUpTheme(() => plot.draw());
  plot.draw();
  requestAnimationFrame(() => setTimeout(() => {
    document.documentElement.dataset.ready = String(Math.round(performance.now()));
  }, 0));
}

main();
