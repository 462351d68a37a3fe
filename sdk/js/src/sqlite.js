// Spin's SQLite databases.

import { Connection } from "#host/sqlite";
import { asking, bytesOf, oncePerName, textOf, wellFormed } from "./host-error.js";

function parameter(value) {
  if (value === null || value === undefined) return { tag: "null" };
  switch (typeof value) {
    case "string":
      return { tag: "text", val: wellFormed(value) };
    case "boolean":
      return { tag: "integer", val: Number(value) };
    case "number":
      return { tag: Number.isSafeInteger(value) ? "integer" : "real", val: value };
    default:
      return { tag: "blob", val: bytesOf(value, "a parameter") };
  }
}

const cell = ({ tag, val }) => (tag === "null" ? null : val);

class Database {
  #label;
  #opened;

  constructor(label) {
    this.#label = label;
  }

  execute(statement, parameters = []) {
    const label = this.#label;
    const text = textOf(statement, "a statement");
    const values = Array.from(parameters, parameter);
    const hints = {
      "access-denied": `the component's sqlite_databases must name "${label}"`,
      "no-such-database": "the runtime config has no such database",
    };
    const { columns, rows } = asking(`database "${label}"`, hints, () =>
      (this.#opened ??= Connection.open(label)).execute(text, values));
    return { columns, rows: rows.map(({ values }) => values.map(cell)) };
  }

  query(statement, parameters) {
    const { columns, rows } = this.execute(statement, parameters);
    return rows.map((row) => Object.fromEntries(row.map((value, at) => [columns[at], value])));
  }
}

const databases = oncePerName((label) => new Database(label));

/** The database with that label. */
export function openDatabase(label = "default") {
  return databases(textOf(label, "a database's label"));
}
