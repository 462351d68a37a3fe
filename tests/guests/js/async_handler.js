// The same as an asynchronous handler that has waited.
import handle from "./handler.js";

export default async (records, context) => {
  await Promise.all([1, 2, 3].map(async (number) => number));
  return handle(records, context);
};
