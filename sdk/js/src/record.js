// A record as a handler sees it.

const decoder = () => (shared ??= new TextDecoder("utf-8", { fatal: true }));
let shared;

export class KinesisRecord {
  /**
   * Makes the runtime's own object a record, without a copy.
   * @param raw a `stream-record` or, in the first world, a `kinesis-record`
   */
  static from(raw) {
    if (raw.data?.inner !== undefined) raw.data = raw.data.inner;
    return Object.setPrototypeOf(raw, KinesisRecord.prototype);
  }

  /** The payload as text; throws when it is not UTF-8. */
  text() {
    try {
      return decoder().decode(this.data);
    } catch {
      throw new TypeError(`record ${this.sequenceNumber} is not UTF-8`);
    }
  }

  /** The payload as JSON; throws, naming the record, when it is none. */
  json() {
    const text = this.text();
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw new SyntaxError(`record ${this.sequenceNumber} is not JSON: ${cause.message}`);
    }
  }

  /** When the service noted it; undefined when that is not known. */
  get approximateArrival() {
    if (this.approximateArrivalMillis) return new Date(this.approximateArrivalMillis);
    if (this.approximateArrivalTimestamp) return new Date(this.approximateArrivalTimestamp * 1000);
    return undefined;
  }

  /** "NONE" or "KMS" in the first world. */
  get encryption() {
    return this.encryptionType?.tag.toUpperCase();
  }
}
