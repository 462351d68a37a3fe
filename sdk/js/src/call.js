// Whether a call is under way. Apart, so that a handler that waits for nothing brings nothing that waits.

let underWay = 0;
const last = [];

export function begun() {
  ++underWay;
}

export function over() {
  if (--underWay === 0) for (const then of last) then();
}

/** `then` is called when the last call that is under way is over, after those that were given before. */
export function whenOver(then) {
  last.push(then);
}
