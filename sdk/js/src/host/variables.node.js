// For a handler's own tests, which Node runs: the variables that they set.

const variables = new Map();

export function get(name) {
  if (variables.has(name)) return variables.get(name);
  throw Object.assign(new Error("undefined"), { payload: { tag: "undefined", val: name } });
}

export function setVariable(name, value) {
  variables.set(name, String(value));
}
