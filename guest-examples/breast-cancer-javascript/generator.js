// Random numbers that are easily the same in every language. Called by `train.js`, for the order of the examples.
//
// A guest that needs no twin in another language takes `Math.random`, which is seeded with the trial's seed.

/** The linear congruential generator of "Numerical Recipes". */
export class Generator {
  #state;

  constructor(seed) {
    // A seed may be a BigInt, and one above 2^63 comes as a negative number.
    this.#state = Number(BigInt.asUintN(32, BigInt(seed)));
  }

  /** The next number, of 24 bits: the lowest bits of the state repeat too soon. */
  next() {
    // `Math.imul` multiplies as 32 bits do: a plain product would lose bits beyond 2^53.
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0;
    return this.#state >>> 8;
  }

  /** Puts a list in random order, in place: Fisher and Yates's shuffle, from the last item. */
  shuffle(items) {
    for (let last = items.length - 1; last > 0; last--) {
      const other = this.next() % (last + 1);
      [items[last], items[other]] = [items[other], items[last]];
    }
  }
}
