// Search spaces: what an argument of a training function may be.
//
// To the engine a space is flat: the parts of a list or an object are parameters named `outer.0` and `outer.name`, and what stands under
// one of the choices of a `Categorical` is active only where that choice was taken.

/** What all spaces have in common: `parameters` gives the flat ones, `realised` the value that a configuration gives. */
export class Space {}

function checkInterval(kind, lower, upper, { default: chosen, log = false }) {
  if (!(lower < upper)) throw new RangeError(`${kind}(${lower}, ${upper}): the lower end must be less than the upper one`);
  if (log && !(lower > 0)) throw new RangeError(`${kind}(${lower}, ${upper}): with log the lower end must be greater than 0`);
  if (chosen !== undefined && !(lower <= chosen && chosen <= upper)) {
    throw new RangeError(`${kind}(${lower}, ${upper}): the default ${chosen} lies outside`);
  }
}

/** A space that is one parameter. */
class Simple extends Space {
  constructor(kind, fields) {
    super();
    Object.assign(this, { kind, ...fields });
  }

  *parameters(name, condition) {
    yield { name, domain: this, condition };
  }

  realised(name, config) {
    return config[name];
  }
}

/** One of several values, each of which may be anything, other spaces among them. The first is the default. */
class Choice extends Space {
  constructor(choices) {
    super();
    if (choices.length === 0) throw new RangeError("Categorical: there must be at least one choice");
    Object.assign(this, { kind: "choice", choices, labels: labels(choices) });
  }

  *parameters(name, condition) {
    yield { name, domain: this, condition };
    for (const [index, choice] of this.choices.entries()) {
      if (choice instanceof Space) yield* choice.parameters(`${name}.${this.labels[index]}`, { parameter: name, choice: index });
    }
  }

  realised(name, config) {
    const index = this.labels.indexOf(config[name]);
    if (index < 0) throw new RangeError(`\`${name}\` is ${config[name]}, which is none of its choices`);
    return realised(this.choices[index], `${name}.${this.labels[index]}`, config);
  }
}

/** A list or an object, some of whose parts are spaces. */
class Parts extends Space {
  constructor(parts) {
    super();
    this.parts = parts;
  }

  *parameters(name, condition) {
    for (const [key, part] of Object.entries(this.parts)) {
      if (part instanceof Space) yield* part.parameters(`${name}.${key}`, condition);
    }
  }

  realised(name, config) {
    const values = Object.entries(this.parts).map(([key, part]) => [key, realised(part, `${name}.${key}`, config)]);
    return Array.isArray(this.parts) ? values.map(([, value]) => value) : Object.fromEntries(values);
  }
}

/** The value of a space in a configuration; anything else is what it is. */
export function realised(item, name, config) {
  return item instanceof Space ? item.realised(name, config) : item;
}

/** Whether the engine has values of this kind. */
export function isScalar(value) {
  return ["number", "boolean", "string"].includes(typeof value);
}

/** What stands for choices: they themselves where that is possible, else their numbers. */
function labels(choices) {
  const areThemselves = choices.every(isScalar) && new Set(choices).size === choices.length;
  return areThemselves ? choices : choices.map((_, index) => String(index));
}

/** A real number from `lower` to `upper`. */
export function Real(lower, upper, options = {}) {
  checkInterval("Real", lower, upper, options);
  return new Simple("real", { lower, upper, log: Boolean(options.log), default: options.default });
}

/** An integer from `lower` to `upper`. */
export function Int(lower, upper, options = {}) {
  for (const number of [lower, upper, options.default ?? 0]) {
    if (!Number.isSafeInteger(number)) throw new RangeError(`Int: ${number} is no integer that is exact`);
  }
  checkInterval("Int", lower, upper, options);
  return new Simple("integer", { lower, upper, log: Boolean(options.log), default: options.default });
}

/** False or true. */
export function Bool(options = {}) {
  return new Simple("boolean", { default: Boolean(options.default) });
}

/** One of several values or spaces. */
export function Categorical(...choices) {
  return new Choice(choices);
}

/** A list, some of whose items are spaces. */
export function List(...items) {
  return new Parts(items);
}

/** An object, some of whose values are spaces. */
export function Dict(items) {
  return new Parts({ ...items });
}

/** The flat parameters of an object of arguments. One that is no space is a constant, if the engine has such values. */
export function flat(spaces) {
  return Object.entries(spaces).flatMap(([name, item]) => {
    if (item instanceof Space) return [...item.parameters(name, undefined)];
    return isScalar(item) ? [{ name, domain: { kind: "constant", value: item }, condition: undefined }] : [];
  });
}

/** The value of each argument in a configuration. Constants may have been replaced by the study. */
export function values(spaces, config) {
  const value = ([name, item]) => [name, item instanceof Space ? item.realised(name, config) : (config[name] ?? item)];
  return Object.fromEntries(Object.entries(spaces).map(value));
}
