// What the engine gives a component, or nothing where there is none. `component.js` puts it here, so that all else works without.

/** The functions of the engine, by interface: `report`, `data`, `artifact`, `log`. */
export const engine = {};
