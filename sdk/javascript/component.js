// The bridge between the last training function that was made and the engine. Imported in components only.

import * as engineArtifact from "trialbox:trial/artifact@0.1.0";
import * as engineData from "trialbox:trial/data@0.1.0";
import { write } from "trialbox:trial/log@0.1.0";
import { report } from "trialbox:trial/report@0.1.0";

import { engine } from "./engine.js";
import { reporter, trainingFunctions } from "./index.js";

Object.assign(engine, { artifact: engineArtifact, data: engineData });
const written = (...parts) => write(parts.map(shown).join(" "));
globalThis.console = { log: written, info: written, warn: written, error: written, debug: written };

/** A value as a log shows it: lists and plain objects as JSON where that is possible, all else as it is. */
function shown(part) {
  if (part instanceof Error) return part.stack ? `${part}\n${part.stack}` : String(part);
  if (typeof part !== "object" || part === null) return String(part);
  try {
    return JSON.stringify(part);
  } catch {
    return String(part);
  }
}

function trainingFunction() {
  const last = trainingFunctions.at(-1);
  if (!last) throw new Error("no training function is made by `args`");
  return last;
}

/** A value for the engine. Numbers without a fraction are integers, unless a domain says that they are real. */
function value(of, isReal = false) {
  if (typeof of === "boolean") return { tag: "boolean", val: of };
  if (typeof of === "string") return { tag: "text", val: of };
  const isInteger = !isReal && Number.isSafeInteger(of) && !Object.is(of, -0);
  return isInteger ? { tag: "integer", val: of } : { tag: "real", val: of };
}

function domain(of) {
  switch (of.kind) {
    case "real":
      return { tag: "real", val: { lower: of.lower, upper: of.upper, log: of.log } };
    case "integer":
      return { tag: "integer", val: { lower: of.lower, upper: of.upper, log: of.log } };
    case "boolean":
      return { tag: "boolean" };
    case "choice":
      return { tag: "choice", val: of.labels.map((label) => value(label)) };
    default:
      return { tag: "constant", val: value(of.value) };
  }
}

function parameter({ name, domain: of, condition }) {
  const chosen = of.default === undefined ? undefined : value(of.default, of.kind === "real");
  return { name, domain: domain(of), default: chosen, condition };
}

/** What the component exports. */
export const train = {
  describe() {
    const { suggestions, parameters } = trainingFunction();
    const { rewardAttr, timeAttr, maxT } = suggestions;
    return { parameters: parameters().map(parameter), rewardAttr, timeAttr, maxT };
  },

  train({ config, seed }) {
    const plain = ({ tag, val }) => (tag === "integer" ? Number(val) : val);
    const flat = Object.fromEntries(config.map(({ name, value: of }) => [name, plain(of)]));
    const send = (said) => report(Object.entries(said).map(([name, of]) => ({ name, value: value(of) })));
    try {
      trainingFunction().run(flat, reporter(seed, send));
    } catch (error) {
      throw `${error}\n${error?.stack ?? ""}`.trim();
    }
  },
};
