// Waiting for the host. Functions of WASI 0.2 do not return promises: what is waited for is put into one list, and when
// nothing else is left to do the call waits for the first of the list that is ready.

import { subscribeDuration } from "wazi:clocks/monotonic-clock@0.2.0";
import { poll } from "wazi:io/poll@0.2.0";
import "wasi:cli/stdin@0.3.0"; // for streams of bytes in `wit`; it is not read
import { whenOver } from "../call.js";

const waits = new Set();
let turning = false;
let stream;

/**
 * Fulfilled when all promises that can go on without the host have done so: what is written to a stream of one's own comes
 * with the host's next turn.
 */
async function idle() {
  stream ??= globalThis.wit.Stream(globalThis.wit.Stream.U8);
  const read = stream.readable.read(1);
  void stream.writable.write(Uint8Array.of(0));
  await read;
}

async function turn() {
  turning = true;
  try {
    while (waits.size > 0) {
      await idle();
      const list = [...waits];
      if (list.length === 0) break;
      for (const index of poll(list.map(({ pollable }) => pollable))) list[index].end(true);
    }
  } finally {
    turning = false;
  }
}

class Wait {
  constructor(pollable) {
    this.pollable = pollable;
    this.promise = new Promise((done) => (this.done = done));
    waits.add(this);
    if (!turning) void turn();
  }

  /** Twice does nothing. */
  end(ready) {
    if (!waits.delete(this)) return;
    this.pollable[Symbol.dispose]();
    if (ready) this.done();
  }

  giveUp() {
    this.end(false);
  }
}

// What a handler did not wait for ends with its call.
whenOver(() => {
  for (const wait of [...waits]) wait.giveUp();
});

/**
 * `promise` is fulfilled when the pollable is ready, and not after `giveUp()`; but it may be fulfilled already, by the same
 * turn, when `giveUp()` is called: who gives up looks for that. Either way the pollable is gone then.
 */
export const waitFor = (pollable) => new Wait(pollable);

export const timer = (millis) => new Wait(subscribeDuration(Math.round(Math.min(millis, 1e12) * 1e6)));
