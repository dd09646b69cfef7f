// Numbers on a screen: how they are written, scales from values to pixels, and colours.

/** Fuel in a virtual second. */
const FUEL_PER_SECOND = 1e9;

/**
 * A number for people: at most six significant digits.
 * @param {number} number
 * @returns {string}
 */
function formatNumber(number) {
  if (!Number.isFinite(number)) return "–";
  const exact = String(number);
  if (exact.length <= 7) return exact.replace("-", "−");
  const magnitude = Math.abs(number);
  const text = magnitude >= 1e6 || magnitude < 1e-4
    ? number.toExponential(4).replace(/\.?0+e/, "e").replace("e+", "e")
    : String(Number(number.toPrecision(5)));
  return text.replaceAll("-", "−");
}

/**
 * A count with thin spaces between groups of three digits.
 * @param {number} count
 * @returns {string}
 */
function formatCount(count) {
  return String(count).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

/**
 * A count with a decimal prefix: 1.2k, 3.4G.
 * @param {number} count
 * @returns {string}
 */
function formatShort(count) {
  const prefixes = [[1e18, "E"], [1e15, "P"], [1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]];
  for (const [unit, prefix] of prefixes) {
    // Cut, not rounded, so that 999 999 does not become 1000.0k.
    if (count >= unit) return (Math.floor((count / unit) * 10) / 10).toFixed(1) + prefix;
  }
  return formatNumber(count);
}

/**
 * A moment or a span of virtual time, given in units of fuel, as seconds.
 * @param {number} fuel
 * @returns {string}
 */
function formatTime(fuel) {
  const seconds = fuel / FUEL_PER_SECOND;
  return Number.isFinite(seconds) ? `${formatNumber(seconds < 1 ? seconds : Number(seconds.toPrecision(5)))} s` : "–";
}

/**
 * From values to pixels.
 * @typedef {object} Scale
 * @property {boolean} log
 * @property {number} from the value at `start`
 * @property {number} to the value at `end`
 * @property {number} start a pixel
 * @property {number} end a pixel
 * @property {(value: number) => number} at the pixel of a value; of one that is far outside, a pixel not too far
 * @property {(pixel: number) => number} value the value at a pixel
 */

/** No pixel is farther away: canvases draw nothing where a coordinate is huge. */
const PIXEL_MAX = 1e5;

/**
 * @param {[number, number]} extent the values at both ends
 * @param {[number, number]} pixels where those are
 * @param {boolean} log whether by the logarithm; the extent must then be positive
 * @returns {Scale}
 */
function scaleOf([from, to], [start, end], log) {
  const outer = log ? Math.log10 : (value) => value;
  const inner = log ? (value) => 10 ** value : (value) => value;
  const low = outer(from);
  const span = outer(to) - low || 1;
  return {
    log, from, to, start, end,
    at(value) {
      const pixel = start + ((outer(value) - low) / span) * (end - start);
      return Math.max(-PIXEL_MAX, Math.min(PIXEL_MAX, pixel));
    },
    value(pixel) {
      return inner(low + ((pixel - start) / (end - start || 1)) * span);
    },
  };
}

/**
 * Round values for an axis, about `count` of them.
 * @param {Scale} scale
 * @param {number} count
 * @param {boolean} isWhole whether there is nothing between whole numbers
 * @returns {{value: number, label: string}[]}
 */
function ticksOf(scale, count, isWhole = false) {
  const [low, high] = scale.from <= scale.to ? [scale.from, scale.to] : [scale.to, scale.from];
  if (scale.log) {
    const decades = Math.log10(high / low);
    if (decades >= 1.2) return logTicks(low, high, Math.max(1, Math.ceil(decades / count)), decades <= count / 2.5);
  }
  const rough = Math.max((high - low) / Math.max(1, count), isWhole ? 1 : 0);
  if (!(rough > 0) || !Number.isFinite(rough)) return [{ value: low, label: formatNumber(low) }];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((step) => step >= rough && (!isWhole || step % 1 === 0)) ?? power * 10;
  const ticks = [];
  const first = Math.ceil(low / step - 1e-9);
  for (let index = first; index * step <= high + step * 1e-9 && ticks.length <= 2 * count + 2; index++) {
    // By division where the step is a fraction, so that 3 · 0.1 is 0.3.
    const value = step < 1 ? index / (1 / step) : index * step;
    ticks.push({ value, label: formatTick(value, step) });
  }
  return ticks;
}

/** Powers of ten, and with room also twice and five times those. */
function logTicks(low, high, every, isFine) {
  const ticks = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++) {
    if (power % every !== 0) continue;
    for (const factor of isFine ? [1, 2, 5] : [1]) {
      const value = Number(`${factor}e${power}`);
      if (value >= low * 0.999 && value <= high * 1.001) ticks.push({ value, label: formatTick(value, value) });
    }
  }
  return ticks;
}

function formatTick(value, step) {
  if (value === 0 && step < 1e-3) return "0";
  const magnitude = Math.abs(value);
  if (magnitude >= 1e6 || (magnitude !== 0 && magnitude < 1e-3)) {
    return value.toExponential(2).replace(/\.?0+e/, "e").replace("e+", "e").replaceAll("-", "−");
  }
  // As many decimals as the step needs, so that all ticks have the same.
  let decimals = 0;
  while (decimals < 8 && Math.abs(step * 10 ** decimals - Math.round(step * 10 ** decimals)) > 1e-6 * step * 10 ** decimals) decimals++;
  return value.toFixed(decimals).replace("-", "−");
}

/** How far from the inner values others are still shown, in widths of the inner values. */
const REACH = 15;
/** How many times wider than others something is that cannot be meant. */
const ABSURD = 1e6;

/**
 * An interval that shows what is typical: a few values far away from all others are left outside.
 *
 * The interval reaches beyond the inner 80 % of the values by fifteen times their width, as far as there are values.
 * @param {ArrayLike<number>} values those that are not finite do not count
 * @param {{log?: boolean, include?: number, pad?: number}} options `include` is a value to be shown unless it is absurdly far away
 * @returns {{extent: [number, number], outside: number} | null} null without values
 */
function robustExtent(values, { log = false, include = NaN, pad = 0.04 } = {}) {
  const usable = new Float64Array(values.length);
  let count = 0;
  for (let index = 0; index < values.length; index++) {
    const value = values[index];
    if (Number.isFinite(value) && (!log || value > 0)) usable[count++] = log ? Math.log10(value) : value;
  }
  if (count === 0) return null;
  const sorted = usable.subarray(0, count).sort();
  let [low, high] = [sorted[0], sorted[count - 1]];
  const [inner, outer] = innerOf(sorted);
  // Halves, since the distance of two numbers can be more than a number can tell.
  const reach = REACH * (outer / 2 - inner / 2) * 2;
  if (reach > 0) {
    // The last values that are not too far away.
    low = sorted[placeIn(sorted, inner - reach)];
    high = sorted[Math.max(0, placeIn(sorted, outer + reach) - 1)];
    const wanted = log ? Math.log10(include) : include;
    if (Number.isFinite(wanted) && wanted > high && (wanted - outer) / reach < 10) high = wanted;
    if (Number.isFinite(wanted) && wanted < low && (inner - wanted) / reach < 10) low = wanted;
  }
  // Wider than a real number can tell, or so wide that padding would be.
  low = Math.max(low, -4e307);
  high = Math.min(high, 4e307);
  let outside = 0;
  for (const value of sorted) if (value < low || value > high) outside++;
  if (low > high) [low, high] = [high, low];
  if (low === high) {
    // A twentieth of the least numbers is 0.
    const half = Math.abs(low) * 0.05 || 1;
    [low, high] = log ? [low - 0.5, high + 0.5] : [low - half, high + half];
  }
  const margin = (high - low) * pad;
  [low, high] = [low - margin, high + margin];
  return { extent: log ? [10 ** low, 10 ** high] : [low, high], outside };
}

/** The place of a value in sorted values: how many are less. */
function placeIn(sorted, value) {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The inner values: 80 % of them or, where even these are absurdly far apart, half of them; of a few, those that are near the middle one. */
function innerOf(sorted) {
  const last = sorted.length - 1;
  const quantile = (share) => sorted[Math.round(share * last)];
  if (sorted.length < 8) {
    const middle = sorted[last >> 1];
    const near = Array.from(sorted).filter((value) => Math.abs(value / 2 - middle / 2) <= ABSURD * (Math.abs(middle) + 1));
    return [near[0], near[near.length - 1]];
  }
  const [low, high, lower, upper] = [quantile(0.1), quantile(0.9), quantile(0.25), quantile(0.75)];
  const isAbsurd = upper > lower && high / 2 - low / 2 > ABSURD * (upper / 2 - lower / 2);
  return isAbsurd ? [lower, upper] : [low, high];
}

// Viridis (Smith and van der Walt, CC0), every sixteenth of its colours.
const VIRIDIS = [
  [68, 1, 84], [72, 26, 108], [71, 47, 125], [65, 68, 135], [57, 86, 140], [49, 104, 142], [42, 120, 142], [35, 136, 142],
  [31, 152, 139], [34, 168, 132], [53, 183, 121], [84, 197, 104], [122, 209, 81], [165, 219, 54], [210, 226, 27], [253, 231, 37],
];

/**
 * The colour of a share from 0 to 1, so that 1 stands out from the background most.
 * @param {number} share
 * @param {boolean} isDark
 * @param {number} alpha
 * @returns {string}
 */
function continuousColour(share, isDark, alpha) {
  // The ends that would vanish in the background are left out.
  const place = isDark ? 0.18 + 0.82 * share : 0.9 - 0.86 * share;
  const at = Math.max(0, Math.min(1, place)) * (VIRIDIS.length - 1);
  const index = Math.min(VIRIDIS.length - 2, Math.floor(at));
  const part = at - index;
  const mix = (channel) => Math.round(VIRIDIS[index][channel] * (1 - part) + VIRIDIS[index + 1][channel] * part);
  return `rgba(${mix(0)},${mix(1)},${mix(2)},${alpha})`;
}

/** Names of the style's colours for pins and studies, by Okabe and Ito. */
const SERIES = ["--blue", "--vermillion", "--green", "--purple", "--orange", "--sky", "--yellow", "--ink"];
