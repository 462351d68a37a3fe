// setTimeout and its like.

import { timer } from "#host/turns";

const timers = new Map();
let last = 0;

export function setTimeout(call, millis = 0, ...values) {
  if (typeof call !== "function") throw new TypeError("setTimeout takes a function");
  const id = ++last;
  const waiting = timer(Math.max(0, Number(millis) || 0));
  timers.set(id, waiting);
  waiting.promise.then(() => {
    if (!timers.delete(id)) return; // cleared by another timer of the same turn
    try {
      call(...values);
    } catch (problem) {
      console.error(problem);
    }
  });
  return id;
}

export function clearTimeout(id) {
  timers.get(id)?.giveUp();
  timers.delete(id);
}
