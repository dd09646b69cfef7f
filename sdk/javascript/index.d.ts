/** A value that the engine has. */
export type Scalar = number | boolean | string;

/** What an argument of a training function may be; its value has the type `T`. */
export interface Space<T> {
  readonly kind?: string;
  realised(name: string, config: Record<string, Scalar>): T;
}

/** The value that a space or a constant gives. */
export type ValueOf<S> = S extends Space<infer T> ? T : S;

export namespace space {
  /** A real number from `lower` to `upper`; with `log`, as likely in each factor of its range. */
  function Real(lower: number, upper: number, options?: { log?: boolean; default?: number }): Space<number>;
  /** An integer from `lower` to `upper`. */
  function Int(lower: number, upper: number, options?: { log?: boolean; default?: number }): Space<number>;
  /** False or true. */
  function Bool(options?: { default?: boolean }): Space<boolean>;
  /** One of several values, each of which may be anything, other spaces among them. The first is the default. */
  function Categorical<C extends unknown[]>(...choices: C): Space<ValueOf<C[number]>>;
  /** A list, some of whose items are spaces. */
  function List<I extends unknown[]>(...items: I): Space<{ [K in keyof I]: ValueOf<I[K]> }>;
  /** An object, some of whose values are spaces. */
  function Dict<I extends Record<string, unknown>>(items: I): Space<{ [K in keyof I]: ValueOf<I[K]> }>;
}

/** What a training function calls with what it has come to. A trial that is stopped ends inside the call. */
export interface Reporter {
  /** Makes a report; `done: true` ends the training. */
  (attributes: Record<string, Scalar>): void;
  /** The trial's seed. `Math.random` is seeded with it. */
  readonly seed: number | bigint;
  /** What was reported, where there is no engine. */
  readonly reports: Record<string, Scalar>[];
}

/** A function with the space of its arguments. */
export interface TrainingFunction {
  /** Trains with a flat configuration: for tests. */
  run(config: Record<string, Scalar>, reporter: Reporter): unknown;
}

/** Which attributes of reports a study compares and counts, and how far the latter goes, unless it says otherwise. */
export interface Suggestions {
  rewardAttr?: string;
  timeAttr?: string;
  maxT?: number;
}

/** Makes a training function: `spaces` has a space or a constant for each argument. */
export function args<S extends Record<string, unknown>>(
  spaces: S,
  train: (args: { [K in keyof S]: ValueOf<S[K]> }, reporter: Reporter) => unknown,
  suggestions?: Suggestions,
): TrainingFunction;

/** A reporter that keeps reports, for tests. */
export function reporter(seed?: number): Reporter;

/** The data sets that the study names. */
export const data: {
  provide(name: string, bytes: Uint8Array): void;
  names(): string[];
  read(name: string): Uint8Array;
  text(name: string): string;
};

/** Files that the trial leaves behind. */
export const artifact: {
  save(name: string, content: Uint8Array | string): void;
  saved(name: string): Uint8Array | undefined;
};
