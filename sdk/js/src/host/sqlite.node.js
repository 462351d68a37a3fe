// For a handler's own tests, which Node runs: there is no database. A test may put another `open` in its place.

export const Connection = {
  open() {
    throw new Error("there is no database outside of a component");
  },
};
