// All that there is of one trial, at the side of the page.

class Detail {
  /** @param {View} view */
  constructor(host, view) {
    this.host = host;
    this.view = view;
    this.shown = -1;
    const of = (name) => document.querySelector(`meta[name="trialbox-${name}"]`)?.content ?? "";
    this.file = of("file");
    this.canReplay = of("replay") === "1";
    view.on("focus", () => this.follow());
    view.on("data", () => { if (this.shown >= 0 && this.signature() !== this.filled) this.fill(); });
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.shown >= 0) view.open(-1);
    });
  }

  follow() {
    const { opened } = this.view;
    const hasChanged = opened !== this.shown;
    if (hasChanged && opened >= 0 && this.shown < 0) this.before = document.activeElement;
    this.shown = opened;
    this.host.hidden = opened < 0;
    document.body.classList.toggle("has-detail", opened >= 0);
    if (hasChanged && opened < 0) this.before?.focus?.({ preventScroll: true });
    if (hasChanged) this.fill();
    else this.tellPin();
  }

  /** What differs once there is something new to say of the trial. */
  signature() {
    const { study } = this.view;
    const trial = this.shown;
    return [trial, study.status[trial], study.reports[trial], study.fuel[trial], trial === study.best].join(" ");
  }

  fill() {
    if (this.shown < 0) return;
    const { study } = this.view;
    const trial = this.shown;
    this.filled = this.signature();
    const heading = element("h2", { id: "detail-heading", tabindex: "-1" }, `Trial ${trial}`);
    const close = element("button", { type: "button", class: "close", "aria-label": "Close" }, "×");
    close.addEventListener("click", () => this.view.open(-1));
    this.pinButton = element("button", { type: "button", class: "quiet" });
    this.pinButton.addEventListener("click", () => this.view.pin(trial));
    const head = element("header", {}, heading, this.pinButton, close);
    const children = [head, this.facts(trial)];
    const words = study.detailOf(trial);
    if (words) children.push(element("p", { class: "says" }, `How it ended: ${words}.`));
    if (study.curveCount[trial] > 0) children.push(this.curve(trial));
    children.push(element("h3", {}, "Configuration"), this.copyable("detail-config", study.tomlOf(trial), "the configuration"));
    children.push(element("h3", {}, "Look closer"));
    for (const [id, says, command] of this.commands(trial)) {
      children.push(element("p", { class: "says" }, says), this.copyable(`detail-${id}`, command, "the command"));
    }
    this.host.replaceChildren(...children);
    this.tellPin();
  }

  tellPin() {
    if (!this.pinButton) return;
    const isPinned = this.view.pins.includes(this.shown);
    this.pinButton.textContent = isPinned ? "Unpin" : "Pin";
    this.pinButton.setAttribute("aria-pressed", String(isPinned));
  }

  facts(trial) {
    const { study } = this.view;
    const list = element("dl", { class: "facts-list" });
    const add = (name, text) => list.append(element("div", {}, element("dt", {}, name), element("dd", {}, text)));
    const status = study.statusOf(trial);
    add("status", trial === study.best ? `${status}, the best` : status);
    if (!Number.isNaN(study.reward[trial])) add(study.about.reward, formatNumber(study.reward[trial]));
    if (!Number.isNaN(study.time[trial])) add(study.about.time, formatCount(study.time[trial]));
    add("fuel", formatShort(study.fuel[trial]));
    add("reports", formatCount(study.reports[trial]));
    add("started", formatTime(study.start[trial]));
    if (!Number.isNaN(study.end[trial])) add("ended", formatTime(study.end[trial]));
    if (!Number.isNaN(study.bracket[trial])) add("bracket", String(study.bracket[trial]));
    return list;
  }

  commands(trial) {
    const commands = [
      ["why", "Why it went on, was paused or stopped:", `trialbox why ${this.file} ${trial}`],
      ["logs", "What it wrote to its log:", `trialbox logs ${this.file} ${trial}`],
    ];
    if (this.canReplay) commands.push(["replay", "Run it again and compare its reports:", `trialbox replay ${this.file} --trial ${trial}`]);
    return commands;
  }

  copyable(id, text, what) {
    const pre = element("pre", { id, tabindex: "0" }, element("code", {}, text));
    const button = element("button", { type: "button", class: "copy", "data-copy": id, "aria-label": `Copy ${what}` }, "Copy");
    return element("div", { class: "copyable" }, pre, button);
  }

  /** The trial's curve, small. */
  curve(trial) {
    const { study } = this.view;
    const start = study.curveStart[trial];
    const count = study.curveCount[trial];
    const values = study.pointValue.subarray(start, start + count);
    const [width, height] = [320, 90];
    const { extent } = robustExtent(values, {}) ?? { extent: [0, 1] };
    const last = start + count - 1;
    const x = scaleOf([study.pointResource[start], study.pointResource[last]], [4, width - 4], false);
    const y = scaleOf(extent, [height - 4, 4], false);
    const points = Array.from(values, (value, index) => `${x.at(study.pointResource[start + index]).toFixed(1)},${y.at(value).toFixed(1)}`);
    const space = "http://www.w3.org/2000/svg";
    const svg = document.createElementNS(space, "svg");
    const set = (node, attributes) => { for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value); return node; };
    set(svg, { viewBox: `0 0 ${width} ${height}`, class: "small-curve", role: "img", "aria-label": `${study.about.attribute}: ${formatNumber(values[0])} to ${formatNumber(values[count - 1])}` });
    svg.append(set(document.createElementNS(space, "polyline"), { points: points.join(" ") }));
    const [endX, endY] = points[points.length - 1].split(",");
    svg.append(set(document.createElementNS(space, "circle"), { cx: endX, cy: endY, r: 3 }));
    const caption = `${study.about.attribute} from ${formatNumber(values[0])} to ${formatNumber(values[count - 1])}, ${study.about.time} ${formatCount(study.pointResource[start])} to ${formatCount(study.pointResource[last])}`;
    return element("figure", {}, svg, element("figcaption", {}, caption));
  }
}
