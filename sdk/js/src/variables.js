// Spin's variables.

import { get } from "#host/variables";
import { asking, textOf } from "./host-error.js";

/** The component's variable with that name. */
export function variable(name) {
  const asked = textOf(name, "a variable's name");
  return asking(`variable "${asked}"`, {}, () => get(asked));
}
