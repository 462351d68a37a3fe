// Where a call stands.

export class Context {
  /** Makes the runtime's own `batch-context` a context, without a copy. */
  static from(raw) {
    return Object.setPrototypeOf(raw, Context.prototype);
  }

  /** The window's state as the last successful call returned it; `initial` at the window's first call. */
  state(initial) {
    if (!this.windowState) return initial;
    return JSON.parse(new TextDecoder().decode(this.windowState));
  }
}
