// What the user looks at: which trials the filters leave, which one is pointed at, which are pinned. All plots and the table follow it.

/** Statuses in the order in which they are offered, with the style's colour of each; all others are failures. */
const STATUS_COLOURS = {
  completed: "--blue", stopped: "--grey", paused: "--orange", unfinished: "--green", infeasible: "--purple",
};

/** How many trials can be pinned: as many as there are colours. */
const PINS_MAX = 7;

/**
 * A range on an axis: positions from 0 to 1, below 0 for trials that lack the value.
 * @typedef {{from: number, to: number}} Range
 */

/** How much less plots draw while a filter is moving. */
const MOVING = 8;

/** Tells its listeners of "data", "filter", "focus" and "settle", which is when a filter moves no more. */
class View extends EventTarget {
  /** @param {Study} study */
  constructor(study) {
    super();
    this.study = study;
    this.text = "";
    /** Statuses that are not shown. */
    this.hidden = new Set();
    /** @type {Map<number, Range>} ranges by axis: a parameter's place, or −1 for the reward */
    this.ranges = new Map();
    this.visible = new Uint8Array(0);
    this.count = 0;
    this.hovered = -1;
    this.opened = -1;
    /** @type {number[]} */
    this.pins = [];
    this.positions = new Map();
    this.isMoving = false;
    this.settleSoon = debounced(() => {
      this.isMoving = false;
      this.tell("settle");
    }, 160);
  }

  tell(what) {
    this.dispatchEvent(new Event(what));
  }

  on(what, work) {
    this.addEventListener(what, work);
  }

  /** After the study has changed. */
  refresh() {
    this.positions.clear();
    this.rewardExtent = robustExtent(this.study.reward, { include: this.study.best >= 0 ? this.study.reward[this.study.best] : NaN, pad: 0 });
    this.rankTrials();
    this.choose();
    this.tell("data");
  }

  /** Where each trial stands on an axis. */
  positionsOf(axis) {
    if (!this.positions.has(axis)) {
      this.positions.set(axis, axis < 0 ? this.rewardPositions() : this.study.positionsOf(axis));
    }
    return this.positions.get(axis);
  }

  rewardPositions() {
    const positions = new Float32Array(this.study.trials);
    const scale = scaleOf(this.rewardExtent?.extent ?? [0, 1], [0, 1], false);
    for (let trial = 0; trial < positions.length; trial++) {
      const reward = this.study.reward[trial];
      positions[trial] = Number.isNaN(reward) ? MISSING : Math.max(0, Math.min(1, scale.at(reward)));
    }
    return positions;
  }

  /** How good a trial is among all that have a reward, from 0 to 1, for its colour: by rank, so that one outlier changes nothing. */
  shareOf(trial) {
    return this.shares[trial];
  }

  rankTrials() {
    const { study } = this;
    this.shares = new Float32Array(study.trials);
    const rewarded = [];
    for (let trial = 0; trial < study.trials; trial++) if (!Number.isNaN(study.reward[trial])) rewarded.push(trial);
    const sorted = Float64Array.from(rewarded, (trial) => study.reward[trial]).sort();
    const last = Math.max(1, sorted.length - 1);
    for (const trial of rewarded) this.shares[trial] = placeIn(sorted, study.reward[trial]) / last;
  }

  setText(text) {
    this.text = text;
    this.filter();
  }

  toggleStatus(status) {
    if (!this.hidden.delete(status)) this.hidden.add(status);
    this.filter();
  }

  /** @param {Range | null} range */
  setRange(axis, range) {
    if (range === null) this.ranges.delete(axis);
    else this.ranges.set(axis, range);
    this.filter();
  }

  reset() {
    this.text = "";
    this.hidden.clear();
    this.ranges.clear();
    this.filter();
  }

  isFiltered() {
    return this.count < this.study.trials;
  }

  /** After a filter has changed. */
  filter() {
    this.isMoving = true;
    this.choose();
    this.tell("filter");
    this.settleSoon();
  }

  /** How many lines or dots a plot draws now that draws so many at rest: a brush must not stutter. */
  most(atRest) {
    return this.isMoving ? Math.ceil(atRest / MOVING) : atRest;
  }

  /** Finds out which trials pass all filters. */
  choose() {
    const { study } = this;
    const visible = new Uint8Array(study.trials).fill(1);
    const isHidden = study.statuses.map((status) => this.hidden.has(status));
    if (this.hidden.size > 0) for (let trial = 0; trial < study.trials; trial++) if (isHidden[study.status[trial]]) visible[trial] = 0;
    for (const [axis, { from, to }] of this.ranges) {
      const positions = this.positionsOf(axis);
      for (let trial = 0; trial < study.trials; trial++) {
        // Positions are rounded to 32 bits, ends of ranges are not.
        if (positions[trial] < from - 1e-6 || positions[trial] > to + 1e-6) visible[trial] = 0;
      }
    }
    for (const passes of conditionsOf(this.text, study)) {
      for (let trial = 0; trial < study.trials; trial++) if (visible[trial] && !passes(trial)) visible[trial] = 0;
    }
    this.visible = visible;
    this.count = visible.reduce((sum, one) => sum + one, 0);
  }

  /** A sample of the visible trials that satisfy `has`, at most so many, always the same one. */
  sample(most, has) {
    const chosen = [];
    for (const trial of this.study.order) {
      if (chosen.length >= most) break;
      if (this.visible[trial] && has(trial)) chosen.push(trial);
    }
    return chosen;
  }

  hover(trial) {
    if (trial === this.hovered) return;
    this.hovered = trial;
    this.tell("focus");
  }

  open(trial) {
    this.opened = trial;
    this.tell("focus");
  }

  pin(trial) {
    const place = this.pins.indexOf(trial);
    if (place >= 0) this.pins.splice(place, 1);
    else if (trial >= 0) this.pins = [...this.pins, trial].slice(-PINS_MAX);
    this.tell("focus");
  }

  /** A click on a trial in a plot: pins it and shows its detail, or takes both back. */
  togglePinned(trial) {
    if (trial < 0) return;
    const isPinned = this.pins.includes(trial);
    this.pin(trial);
    this.open(isPinned ? -1 : trial);
  }

  /** Trials that stand out, each with its colour, the most important last. */
  marked() {
    const marks = new Map();
    this.pins.forEach((trial, index) => marks.set(trial, colour(SERIES[(index + 2) % SERIES.length])));
    if (this.opened >= 0 && !marks.has(this.opened)) marks.set(this.opened, colour("--ink"));
    if (this.hovered >= 0 && !marks.has(this.hovered)) marks.set(this.hovered, colour("--ink"));
    return [...marks].filter(([trial]) => trial < this.study.trials);
  }

  colourOfStatus(status) {
    return colour(STATUS_COLOURS[status] ?? "--vermillion");
  }
}

/**
 * The conditions of a search: words that must occur, numbers of trials, and comparisons such as `learning_rate<0.01`.
 * @returns {((trial: number) => boolean)[]}
 */
function conditionsOf(text, study) {
  return text.trim().split(/\s+/).filter((word) => word !== "").map((word) => {
    const comparison = /^(.+?)(<=|>=|<|>|=)([-+.\d].*)$/.exec(word);
    const column = comparison && columnOf(comparison[1], study);
    const bound = comparison ? Number(comparison[3]) : NaN;
    if (column && !Number.isNaN(bound)) {
      const holds = {
        "<": (value) => value < bound, ">": (value) => value > bound, "=": (value) => value === bound,
        "<=": (value) => value <= bound, ">=": (value) => value >= bound,
      }[comparison[2]];
      return (trial) => holds(column(trial));
    }
    if (/^\d+$/.test(word)) {
      const number = Number(word);
      return (trial) => trial === number || study.searchTextOf(trial).includes(word);
    }
    const small = word.toLowerCase();
    return (trial) => study.searchTextOf(trial).includes(small);
  });
}

/** The numbers of a column by its name, if there is one of that name. */
function columnOf(name, study) {
  const fixed = { trial: (trial) => trial, fuel: (trial) => study.fuel[trial], reports: (trial) => study.reports[trial] };
  if (name === study.about.reward || name === "reward") return (trial) => study.reward[trial];
  if (name === study.about.time) return (trial) => study.time[trial];
  const parameter = study.parameters.findIndex((parameter) => parameter.name === name);
  if (parameter < 0) return Object.hasOwn(fixed, name) ? fixed[name] : null;
  const { kind, labels } = study.parameters[parameter];
  return (trial) => {
    const value = study.config[parameter][trial];
    if (typeof value !== "number") return NaN;
    return kind === "real" || kind === "integer" ? value : Number(labels[value]);
  };
}
