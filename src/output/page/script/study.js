// A study as the page knows it: columns by trial number, which a change is merged into.

/** The form of the data that this script reads. */
const FORMAT = 1;

/** What stands on an axis where a trial lacks a parameter: below the values. */
const MISSING = -0.12;

class Study {
  constructor() {
    this.trials = 0;
    this.sequence = -1;
    /** The words of statuses; `status` has places in it. */
    this.statuses = [];
    /** Sentences on how trials ended; `detail` has places in it, −1 for none. */
    this.texts = [];
    this.reward = new Float64Array(0);
    this.time = new Float64Array(0);
    this.fuel = new Float64Array(0);
    this.reports = new Float64Array(0);
    this.start = new Float64Array(0);
    this.end = new Float64Array(0);
    this.bracket = new Float64Array(0);
    this.status = new Uint8Array(0);
    this.detail = new Int32Array(0);
    /** Where the points of each trial begin, and how many there are. */
    this.curveStart = new Uint32Array(0);
    this.curveCount = new Uint32Array(0);
    this.points = 0;
    this.pointResource = new Float64Array(0);
    this.pointValue = new Float64Array(0);
    this.pointTime = new Float64Array(0);
    /** @type {{trial: number, slot: number, start: number, end: number}[]} */
    this.jobs = [];
    /** For each parameter what each trial has: a number, null, or a text where it is a value that does not belong. */
    this.config = [];
    this.parameters = [];
    this.order = new Uint32Array(0);
  }

  /**
   * Takes in a study, or what has changed of it.
   * @param {any} data what `data` of the program gives
   */
  merge(data) {
    if (data.format !== FORMAT) throw new Error(`this page reads data of format ${FORMAT}, not ${data.format}`);
    this.about = data;
    this.sequence = data.sequence;
    this.parameters = data.parameters;
    this.bests = data.bests;
    this.best = data.best ?? -1;
    this.pointsTotal = data.curves.total;
    this.isThinned = data.curves.thinned;
    this.makeRoom(data.trials.trial);
    this.mergeTrials(data.trials);
    this.mergeCurves(data.curves);
    this.mergeJobs(data.jobs);
    this.orderTrials();
    this.keys = undefined;
  }

  makeRoom(numbers) {
    let count = this.trials;
    for (const number of numbers) count = Math.max(count, number + 1);
    if (count === this.trials) return;
    this.trials = count;
    for (const name of ["reward", "time", "fuel", "reports", "start", "end", "bracket", "status", "detail", "curveStart", "curveCount"]) {
      const grown = new this[name].constructor(count);
      grown.set(this[name]);
      this[name] = grown;
    }
  }

  mergeTrials(columns) {
    const statuses = columns.statuses.map((word) => placeOf(this.statuses, word));
    const texts = columns.texts.map((text) => placeOf(this.texts, text));
    columns.config.forEach((column, parameter) => { this.config[parameter] ??= []; });
    columns.trial.forEach((trial, row) => {
      this.reward[trial] = columns.reward[row] ?? NaN;
      this.time[trial] = columns.time[row] ?? NaN;
      this.fuel[trial] = columns.fuel[row];
      this.reports[trial] = columns.reports[row];
      this.start[trial] = columns.start[row];
      this.bracket[trial] = columns.bracket[row] ?? NaN;
      this.status[trial] = statuses[columns.status[row]];
      this.detail[trial] = columns.detail[row] === null ? -1 : texts[columns.detail[row]];
      this.curveCount[trial] = 0;
    });
    columns.config.forEach((column, parameter) => {
      columns.trial.forEach((trial, row) => { this.config[parameter][trial] = column[row]; });
    });
  }

  mergeCurves(columns) {
    const added = columns.value.length;
    this.pointResource = joined(this.pointResource, this.points, columns.resource);
    this.pointValue = joined(this.pointValue, this.points, columns.value);
    this.pointTime = joined(this.pointTime, this.points, columns.time);
    let at = this.points;
    columns.trial.forEach((trial, row) => {
      this.curveStart[trial] = at;
      this.curveCount[trial] = columns.count[row];
      // Times come as differences.
      let time = this.start[trial];
      for (let index = 0; index < columns.count[row]; index++, at++) {
        time += this.pointTime[at];
        this.pointTime[at] = time;
      }
    });
    this.points += added;
    this.dropOldPoints();
  }

  /** A curve that came anew leaves its old points behind; once these are the larger part, they go. */
  dropOldPoints() {
    let live = 0;
    for (const count of this.curveCount) live += count;
    if (live * 2 >= this.points || this.points < 10000) return;
    for (const name of ["pointResource", "pointValue", "pointTime"]) {
      const kept = new Float64Array(live);
      let at = 0;
      for (let trial = 0; trial < this.trials; trial++) {
        const start = this.curveStart[trial];
        kept.set(this[name].subarray(start, start + this.curveCount[trial]), at);
        at += this.curveCount[trial];
      }
      this[name] = kept;
    }
    let at = 0;
    for (let trial = 0; trial < this.trials; trial++) {
      this.curveStart[trial] = at;
      at += this.curveCount[trial];
    }
    this.points = live;
  }

  mergeJobs(columns) {
    const changed = new Set(columns.trial);
    this.jobs = this.jobs.filter((job) => !changed.has(job.trial));
    columns.trial.forEach((trial, row) => {
      const start = columns.start[row];
      const end = columns.length[row] === null ? NaN : start + columns.length[row];
      this.jobs.push({ trial, slot: columns.slot[row], start, end });
      this.end[trial] = end;
    });
    this.now = this.jobs.reduce((latest, job) => Math.max(latest, Number.isNaN(job.end) ? job.start : job.end), 0);
    for (let point = 0; point < this.points; point++) this.now = Math.max(this.now, this.pointTime[point]);
  }

  /** An order of the trials that is as good as random and always the same: its beginning is a sample. */
  orderTrials() {
    const count = this.trials;
    const place = 2 ** Math.ceil(Math.log2(Math.max(2, count)));
    const keys = new Float64Array(count);
    for (let trial = 0; trial < count; trial++) {
      let hash = Math.imul(trial ^ (trial >>> 16), 0x45d9f3b);
      hash = Math.imul(hash ^ (hash >>> 16), 0x45d9f3b);
      keys[trial] = ((hash ^ (hash >>> 16)) >>> 4) * place + trial;
    }
    keys.sort();
    this.order = new Uint32Array(count);
    for (let index = 0; index < count; index++) this.order[index] = keys[index] % place;
  }

  /** The trial's status in a word or two. */
  statusOf(trial) {
    return this.statuses[this.status[trial]] ?? "";
  }

  /** How the trial ended, where the status does not say it all. */
  detailOf(trial) {
    return this.detail[trial] < 0 ? "" : this.texts[this.detail[trial]];
  }

  /** What the trial has of a parameter, for people. */
  valueOf(parameter, trial) {
    const value = this.config[parameter][trial];
    if (value === null || value === undefined) return "";
    if (typeof value === "string") return value;
    const { kind, labels } = this.parameters[parameter];
    return kind === "real" || kind === "integer" ? formatNumber(value) : labels[value] ?? "";
  }

  /** The same as it stands in a study file; null where the trial lacks the parameter. */
  writtenValueOf(parameter, trial) {
    const value = this.config[parameter][trial];
    if (value === null || value === undefined) return null;
    if (typeof value === "string") return value;
    const { kind, values } = this.parameters[parameter];
    if (kind === "integer") return String(value);
    if (kind === "real") return writtenReal(value);
    return values[value] ?? null;
  }

  /** The configuration of a trial for `[space]` of a study file. */
  tomlOf(trial) {
    const lines = [];
    this.parameters.forEach((parameter, index) => {
      const value = this.writtenValueOf(index, trial);
      if (value !== null) lines.push([parameter.name, `${parameter.key} = ${value}\n`]);
    });
    return lines.sort(([one], [two]) => (one < two ? -1 : 1)).map(([, line]) => line).join("");
  }

  /** Where each trial stands on the axis of a parameter: 0 to 1, or `MISSING`. */
  positionsOf(parameter) {
    const { kind, lower, upper, log, labels } = this.parameters[parameter];
    const positions = new Float32Array(this.trials);
    const column = this.config[parameter];
    const isInterval = kind === "real" || kind === "integer";
    const scale = isInterval ? scaleOf([lower, upper], [0, 1], log) : null;
    for (let trial = 0; trial < this.trials; trial++) {
      const value = column[trial];
      if (typeof value !== "number") positions[trial] = MISSING;
      else if (isInterval) positions[trial] = Math.max(0, Math.min(1, scale.at(value)));
      else positions[trial] = labels.length < 2 ? 0.5 : value / (labels.length - 1);
    }
    return positions;
  }

  /** What can be searched of a trial, in small letters. Made when it is first asked for. */
  searchTextOf(trial) {
    this.keys ??= new Array(this.trials);
    this.keys[trial] ??= [
      this.statusOf(trial), this.detailOf(trial),
      ...this.parameters.map((parameter, index) => (parameter.kind === "constant" ? "" : this.valueOf(index, trial))),
    ].join(" ").toLowerCase();
    return this.keys[trial];
  }
}

/** A real number as TOML wants it, with a point or an exponent; the same bits when it is read again. */
function writtenReal(value) {
  if (Object.is(value, -0)) return "-0.0";
  const magnitude = Math.abs(value);
  const text = value !== 0 && (magnitude < 1e-4 || magnitude >= 1e16) ? value.toExponential().replace("e+", "e") : String(value);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

function placeOf(list, text) {
  const place = list.indexOf(text);
  return place >= 0 ? place : list.push(text) - 1;
}

function joined(old, count, added) {
  if (added.length === 0) return old;
  const both = new Float64Array(count + added.length);
  both.set(old.subarray(0, count));
  both.set(added, count);
  return both;
}
