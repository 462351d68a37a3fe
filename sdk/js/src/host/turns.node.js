// For the SDK's own tests: a handler's, which Node runs, have Node's timers.

export function timer(millis) {
  let id;
  const promise = new Promise((done) => (id = setTimeout(done, millis)));
  return { promise, giveUp: () => clearTimeout(id) };
}
