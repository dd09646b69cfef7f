// A plot on two canvases: what is drawn seldom below, what follows the pointer above. Axes, sizes and the box of words are common to all.

/**
 * Where on a canvas values are drawn; pixels from its top left corner.
 * @typedef {{left: number, top: number, right: number, bottom: number}} Frame
 */

/** The base of all plots. A kind of plot says what it paints below and above, and what is near a point. */
class Plot {
  /**
   * @param {HTMLElement} host an empty element that has a size
   * @param {string} label what the plot shows, for who cannot see it
   */
  constructor(host, label) {
    this.host = host;
    this.below = element("canvas", { class: "below", "aria-hidden": "true" });
    this.above = element("canvas", { class: "above", tabindex: "0", role: "img", "aria-label": label });
    this.words = element("div", { class: "tip", hidden: true });
    host.append(this.below, this.above, this.words);
    this.width = 0;
    this.height = 0;
    this.waiting = new Set();
    // What is out of sight is drawn once it comes near.
    this.isInSight = false;
    new IntersectionObserver((entries) => this.see(entries[entries.length - 1].isIntersecting), { rootMargin: "150px" }).observe(host);
    addEventListener("beforeprint", () => this.paintAll());
    new ResizeObserver(() => this.resize()).observe(host);
    this.above.addEventListener("pointermove", (event) => this.pointAt(event));
    this.above.addEventListener("pointerleave", () => this.leave());
    this.above.addEventListener("click", (event) => this.click(event.offsetX, event.offsetY));
    this.above.addEventListener("keydown", (event) => this.press(event));
  }

  /** Sets what is told to who cannot see the plot. */
  describe(label) {
    this.above.setAttribute("aria-label", label);
  }

  resize() {
    const { clientWidth, clientHeight } = this.host;
    if (clientWidth === this.width && clientHeight === this.height && this.ratio === devicePixelRatio) return;
    [this.width, this.height, this.ratio] = [clientWidth, clientHeight, devicePixelRatio];
    for (const canvas of [this.below, this.above]) {
      canvas.width = Math.round(this.width * this.ratio);
      canvas.height = Math.round(this.height * this.ratio);
    }
    this.draw();
  }

  /** Draws everything with the next frame. */
  draw() {
    this.request("below");
    this.request("above");
  }

  /** Draws what follows the pointer with the next frame. */
  drawAbove() {
    this.request("above");
  }

  see(isInSight) {
    this.isInSight = isInSight;
    if (isInSight && this.waiting.size > 0) this.paintSoon();
  }

  request(layer) {
    this.waiting.add(layer);
    if (this.isInSight) this.paintSoon();
  }

  paintSoon() {
    if (this.isPainting) return;
    this.isPainting = true;
    requestAnimationFrame(() => {
      this.isPainting = false;
      const layers = new Set(this.waiting);
      this.waiting.clear();
      if (layers.has("below")) this.paint(this.below, this.paintBelow);
      if (layers.has("above")) this.paint(this.above, this.paintAbove);
    });
  }

  /** Paints at once, for paper. */
  paintAll() {
    this.paint(this.below, this.paintBelow);
    this.paint(this.above, this.paintAbove);
  }

  paint(canvas, work) {
    if (this.width === 0 || this.height === 0) return;
    const context = canvas.getContext("2d");
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    context.clearRect(0, 0, this.width, this.height);
    context.font = `11px ${FONT}`;
    context.lineJoin = "round";
    work.call(this, context);
  }

  /** @param {CanvasRenderingContext2D} _context */
  paintBelow(_context) {}

  /** @param {CanvasRenderingContext2D} _context */
  paintAbove(_context) {}

  /** What is done when the pointer is at a place. */
  hover(_x, _y, _event) {}

  /** What is done when a place is clicked. */
  click(_x, _y) {}

  /** What is done when a key is pressed. */
  press(_event) {}

  pointAt(event) {
    this.hover(event.offsetX, event.offsetY, event);
  }

  leave() {
    this.say(null);
  }

  /**
   * Shows a box of words at a place, or takes it away.
   * @param {{x: number, y: number, lines: string[]} | null} words
   */
  say(words) {
    this.words.hidden = words === null;
    if (words === null) return;
    this.words.replaceChildren(...words.lines.map((line, index) => element(index === 0 ? "strong" : "span", {}, line)));
    const { offsetWidth, offsetHeight } = this.words;
    const left = words.x + 14 + offsetWidth > this.width ? Math.max(0, words.x - 14 - offsetWidth) : words.x + 14;
    const top = Math.max(0, Math.min(this.height - offsetHeight, words.y - offsetHeight / 2));
    this.words.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
  }

  /**
   * Paints both axes with their names.
   * @param {CanvasRenderingContext2D} context
   * @param {Frame} frame
   * @param {Scale} x
   * @param {Scale} y
   * @param {{x: string, y: string, isWholeX?: boolean}} names what the axes are of, and whether x counts something
   */
  paintAxes(context, frame, x, y, names) {
    const [rule, muted] = [colour("--rule"), colour("--muted")];
    context.lineWidth = 1;
    context.textBaseline = "middle";
    context.textAlign = "right";
    for (const tick of ticksOf(y, Math.max(2, Math.floor((frame.bottom - frame.top) / 52)))) {
      const pixel = Math.round(y.at(tick.value)) + 0.5;
      if (pixel < frame.top - 1 || pixel > frame.bottom + 1) continue;
      context.strokeStyle = rule;
      line(context, frame.left, pixel, frame.right, pixel);
      context.fillStyle = muted;
      context.fillText(tick.label, frame.left - 8, pixel);
    }
    context.textBaseline = "top";
    context.textAlign = "center";
    let before = -Infinity;
    for (const tick of ticksOf(x, Math.max(2, Math.floor((frame.right - frame.left) / 76)), names.isWholeX)) {
      const pixel = Math.round(x.at(tick.value)) + 0.5;
      const half = context.measureText(tick.label).width / 2;
      if (pixel < frame.left - 1 || pixel > frame.right + 1 || pixel - half < before + 8) continue;
      before = pixel + half;
      context.strokeStyle = rule;
      line(context, pixel, frame.bottom, pixel, frame.bottom + 4);
      context.fillStyle = muted;
      context.fillText(tick.label, pixel, frame.bottom + 8);
    }
    context.strokeStyle = colour("--axis");
    line(context, frame.left, frame.bottom + 0.5, frame.right, frame.bottom + 0.5);
    context.fillStyle = colour("--ink-2");
    context.textAlign = "right";
    context.fillText(fitted(context, names.x, frame.right - frame.left), frame.right, frame.bottom + 24);
    context.textAlign = "left";
    context.textBaseline = "alphabetic";
    context.fillText(fitted(context, names.y, frame.right - 8), 2, frame.top - 10);
  }

  /** Says in the middle why there is nothing to see. */
  paintNothing(context, text) {
    context.fillStyle = colour("--muted");
    context.font = `13px ${FONT}`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillText(text, this.width / 2, this.height / 2);
  }
}

/** The fonts of the page, for canvases, which have no style of their own. */
const FONT = "system-ui, -apple-system, 'Segoe UI', 'Noto Sans', 'DejaVu Sans', sans-serif";

/** @param {CanvasRenderingContext2D} context */
function line(context, fromX, fromY, toX, toY) {
  context.beginPath();
  context.moveTo(fromX, fromY);
  context.lineTo(toX, toY);
  context.stroke();
}

/** The text, cut to what fits. */
function fitted(context, text, width) {
  if (context.measureText(text).width <= width) return text;
  let characters = [...text];
  while (characters.length > 1 && context.measureText(`${characters.join("")}…`).width > width) {
    characters = characters.slice(0, Math.max(1, Math.floor(characters.length * 0.9)));
  }
  return `${characters.join("")}…`;
}

/** A dot with an edge of the background's colour, so that it stands out from lines. */
function dot(context, x, y, radius, fill) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fillStyle = fill;
  context.strokeStyle = colour("--surface");
  context.lineWidth = 1.5;
  context.fill();
  context.stroke();
}

/** Cuts what is drawn to a frame while `work` draws. */
function clipped(context, frame, work) {
  context.save();
  context.beginPath();
  context.rect(frame.left, frame.top, frame.right - frame.left, frame.bottom - frame.top);
  context.clip();
  work();
  context.restore();
}
