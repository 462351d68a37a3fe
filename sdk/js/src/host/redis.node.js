// For a handler's own tests, which Node runs: there is no connection. A test may put another `open` in its place.

export const Connection = {
  open() {
    throw new Error("there is no Redis outside of a component");
  },
};
