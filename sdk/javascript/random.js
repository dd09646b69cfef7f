// Random numbers out of a trial's seed, in place of the engine's own: equal seeds draw equally.

/** A generator by Blackman and Vigna's xoshiro128**, its state filled by SplitMix64 (Steele, Lea and Flood 2014). */
export function generator(seed) {
  const mask = (1n << 64n) - 1n;
  let filling = BigInt(seed) & mask;
  const fill = () => {
    filling = (filling + 0x9e3779b97f4a7c15n) & mask;
    let bits = filling;
    bits = ((bits ^ (bits >> 30n)) * 0xbf58476d1ce4e5b9n) & mask;
    bits = ((bits ^ (bits >> 27n)) * 0x94d049bb133111ebn) & mask;
    return bits ^ (bits >> 31n);
  };
  const halves = [fill(), fill()].flatMap((bits) => [Number(bits & 0xffffffffn), Number(bits >> 32n)]);
  let [a, b, c, d] = halves.map((half) => half | 0);
  const rotated = (bits, by) => (bits << by) | (bits >>> (32 - by));
  const next = () => {
    const result = Math.imul(rotated(Math.imul(b, 5), 7), 9);
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotated(d, 11);
    return result >>> 0;
  };
  // 53 bits, as `Math.random` has them.
  return () => ((next() >>> 5) * 67108864 + (next() >>> 6)) / 9007199254740992;
}
