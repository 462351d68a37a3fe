// How `console` shows its arguments: strings as they are, errors with their stack, other values much as Node does.

const MAX_DEPTH = 4;
const MAX_ITEMS = 100;

export function format(...values) {
  return values.map((value) => (typeof value === "string" ? value : show(value, 0, []))).join(" ");
}

function show(value, depth, above) {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value);
    case "bigint":
      return `${value}n`;
    case "function":
      return `[Function ${value.name || "(anonymous)"}]`;
    case "object":
      return value === null ? "null" : showObject(value, depth, above);
    default:
      return String(value);
  }
}

function showObject(value, depth, above) {
  if (value instanceof Error) return showError(value, depth, above);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "Invalid Date" : value.toISOString();
  if (value instanceof RegExp) return String(value);
  if (above.includes(value)) return "[Circular]";
  if (depth >= MAX_DEPTH) return Array.isArray(value) ? "[…]" : "{…}";
  const inner = (item) => show(item, depth + 1, [...above, value]);
  const name = value.constructor?.name;
  if (Array.isArray(value)) return `[${list(value, inner)}]`;
  if (ArrayBuffer.isView(value)) return `${name}(${value.length ?? value.byteLength}) [${list(value, inner)}]`;
  if (value instanceof Map) return `Map(${value.size}) {${list(value, ([key, item]) => `${inner(key)} => ${inner(item)}`)}}`;
  if (value instanceof Set) return `Set(${value.size}) {${list(value, inner)}}`;
  if (value instanceof Promise) return "Promise";
  const body = list(Object.keys(value), (key) => `${key}: ${inner(value[key])}`);
  return `${name && name !== "Object" ? `${name} ` : ""}{${body}}`;
}

function showError(error, depth, above) {
  const head = `${error.name}: ${error.message}`;
  const stack = (error.stack ?? "").trimEnd();
  const text = stack.startsWith(head) ? stack : stack ? `${head}\n${stack}` : head;
  return error.cause === undefined ? text : `${text}\ncause: ${show(error.cause, depth + 1, [...above, error])}`;
}

function list(items, shown) {
  const parts = [];
  for (const item of items) {
    if (parts.length === MAX_ITEMS) {
      parts.push("…");
      break;
    }
    parts.push(shown(item));
  }
  return parts.join(", ");
}
