// Slots in virtual time: which trial ran where and when.

class Timeline extends Plot {
  /** @param {View} view */
  constructor(host, view) {
    super(host, "Timeline of slots");
    this.view = view;
    this.note = document.getElementById("timeline-note");
    this.button = document.getElementById("timeline-reset");
    this.button.addEventListener("click", () => this.zoom(null));
    /** @type {[number, number] | null} what is looked at of the study's time */
    this.zoomed = null;
    this.dragged = null;
    view.on("data", () => this.prepare());
    view.on("settle", () => this.draw());
    view.on("focus", () => this.drawAbove());
    this.above.addEventListener("pointerdown", (event) => this.grab(event));
    this.above.addEventListener("pointerup", () => this.release());
    this.rows = [];
    this.slots = [];
    this.places = new Map();
  }

  prepare() {
    const { study } = this.view;
    // One row for each slot that had a job, whatever its number: a store may name any.
    this.slots = [...new Set(study.jobs.map((job) => job.slot))].sort((one, two) => one - two);
    this.places = new Map(this.slots.map((slot, place) => [slot, place]));
    this.rows = this.slots.map(() => []);
    for (const job of study.jobs) this.rows[this.places.get(job.slot)].push(job);
    for (const row of this.rows) row.sort((one, two) => one.start - two.start);
    const slots = this.rows.length;
    const height = Math.max(120, Math.min(420, 52 + slots * (slots > 40 ? 5 : 15)));
    this.host.style.height = `${height}px`;
    this.note.textContent = slots === 0 ? "" : `${formatCount(study.jobs.length)} ${study.jobs.length === 1 ? "job" : "jobs"} in ${formatCount(slots)} ${slots === 1 ? "slot" : "slots"}.`;
    this.describe(`${study.jobs.length} jobs in ${slots} slots over ${formatTime(study.now)} of virtual time`);
    this.draw();
  }

  zoom(interval) {
    this.zoomed = interval;
    this.button.hidden = interval === null;
    this.draw();
  }

  frame() {
    return { left: 56, top: 10, right: this.width - 14, bottom: this.height - 42 };
  }

  scale() {
    const frame = this.frame();
    const now = this.view.study.now > 0 ? this.view.study.now : 1;
    return scaleOf(this.zoomed ?? [0, now], [frame.left, frame.right], false);
  }

  paintBelow(context) {
    const { study, visible } = this.view;
    if (study.jobs.length === 0) return this.paintNothing(context, "No trial was started.");
    const frame = this.frame();
    const x = this.scale();
    this.paintTimeAxis(context, frame, x);
    const height = (frame.bottom - frame.top) / this.rows.length;
    const gap = height > 6 ? Math.min(3, height * 0.2) : 0;
    const colours = study.statuses.map((status) => this.view.colourOfStatus(status));
    const pale = colour("--track");
    clipped(context, frame, () => {
      this.rows.forEach((row, place) => {
        let painted = -1;
        const top = frame.top + place * height;
        for (const job of row) {
          const end = Number.isNaN(job.end) ? study.now : job.end;
          if (end < x.from || job.start > x.to) continue;
          const from = x.at(job.start);
          const to = Math.max(from + 0.6, x.at(end));
          // Of those that would share a pixel one is painted.
          if (to - painted < 0.5) continue;
          painted = to;
          context.fillStyle = visible[job.trial] ? colours[study.status[job.trial]] : pale;
          const edge = to - from > 4 ? 0.75 : 0;
          context.fillRect(from, top + gap / 2, Math.max(0.6, to - from - edge), Math.max(0.7, height - gap));
        }
      });
    });
    context.fillStyle = colour("--muted");
    context.textAlign = "right";
    context.textBaseline = "middle";
    const every = Math.max(1, Math.ceil(14 / height));
    for (let place = 0; place < this.rows.length; place += every) context.fillText(String(this.slots[place]), frame.left - 8, frame.top + (place + 0.5) * height);
  }

  paintTimeAxis(context, frame, x) {
    const seconds = scaleOf([x.from / FUEL_PER_SECOND, x.to / FUEL_PER_SECOND], [x.start, x.end], false);
    const empty = scaleOf([0, 1], [frame.bottom + 9999, frame.bottom + 9998], false);
    this.paintAxes(context, frame, seconds, empty, { x: "virtual time, s", y: "" });
  }

  paintAbove(context) {
    const { study } = this.view;
    if (study.jobs.length === 0) return;
    const frame = this.frame();
    const x = this.scale();
    const height = (frame.bottom - frame.top) / this.rows.length;
    const marks = new Map(this.view.marked());
    clipped(context, frame, () => {
      if (marks.size > 0) {
        for (const job of study.jobs) {
          if (!marks.has(job.trial)) continue;
          const from = x.at(job.start);
          const to = x.at(Number.isNaN(job.end) ? study.now : job.end);
          context.lineWidth = 2;
          context.strokeStyle = marks.get(job.trial);
          context.strokeRect(from - 1, frame.top + this.places.get(job.slot) * height, Math.max(3, to - from + 2), Math.max(3, height));
        }
      }
      if (this.dragged) {
        context.fillStyle = colour("--brush");
        context.fillRect(Math.min(this.dragged.from, this.dragged.to), frame.top, Math.abs(this.dragged.to - this.dragged.from), frame.bottom - frame.top);
      }
    });
  }

  /** The job at a place. */
  jobAt(px, py) {
    const frame = this.frame();
    const slot = Math.floor(((py - frame.top) / (frame.bottom - frame.top)) * this.rows.length);
    const time = this.scale().value(px);
    const slack = this.scale().value(px + 2) - time;
    return (this.rows[slot] ?? []).find((job) => job.start - slack <= time && time <= (Number.isNaN(job.end) ? this.view.study.now : job.end) + slack);
  }

  hover(px, py) {
    if (this.dragged) {
      this.dragged.to = px;
      return this.drawAbove();
    }
    const job = this.jobAt(px, py);
    this.view.hover(job ? job.trial : -1);
    this.above.classList.toggle("pointing", Boolean(job));
    if (!job) return this.say(null);
    const { study } = this.view;
    this.say({
      x: px, y: py,
      lines: [`trial ${job.trial}`, `slot ${job.slot}, ${formatTime(job.start)} to ${Number.isNaN(job.end) ? "now" : formatTime(job.end)}`, study.statusOf(job.trial)],
    });
  }

  grab(event) {
    this.above.setPointerCapture(event.pointerId);
    this.dragged = { from: event.offsetX, to: event.offsetX };
  }

  release() {
    const dragged = this.dragged;
    this.dragged = null;
    if (!dragged || Math.abs(dragged.to - dragged.from) < 6) return;
    const scale = this.scale();
    const [from, to] = [scale.value(Math.min(dragged.from, dragged.to)), scale.value(Math.max(dragged.from, dragged.to))];
    this.justZoomed = true;
    this.zoom([Math.max(0, from), Math.max(from + 1, to)]);
  }

  click(px, py) {
    // The end of a drag is no click.
    if (this.justZoomed) {
      this.justZoomed = false;
      return;
    }
    const job = this.jobAt(px, py);
    if (job) this.view.togglePinned(job.trial);
  }

  press(event) {
    if (event.key === "Escape") this.zoom(null);
  }

  leave() {
    this.say(null);
    this.view.hover(-1);
  }
}
