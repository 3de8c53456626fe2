import { GrowingBytes } from './growing-bytes.js';
import { EndsEarly, Malformed } from './malformed.js';

/** More boxes than an hour of one-frame fragments has; what comes after them is an attack on the clock. */
const MAX_BOXES = 1_000_000;

const NOTHING = Buffer.alloc(0);

/** Where one top-level box lies in the file. `end` is `Infinity` for a box that runs to the end of the file. */
export interface TopLevelBox {
  readonly type: string;
  readonly start: number;
  readonly payloadStart: number;
  readonly end: number;
}

interface TopLevelVisitor {
  /** How many bytes of the payload may be kept for `closed`; 0 to let them pass by. */
  opened(box: TopLevelBox): number;
  /** The box was complete; `end` is known now. `payload` is empty unless it was to be kept. */
  closed(box: TopLevelBox, payload: Buffer): void;
}

/** Follows the top-level boxes of a file, to the byte, while the file streams by in pieces of any size. */
export class TopLevelWalker {
  private readonly header = Buffer.alloc(16);
  private headerFilled = 0;
  private position = 0;
  private boxes = 0;
  private current: TopLevelBox | null = null;
  private kept: GrowingBytes | null = null;
  /** Zero bytes where a box should begin. */
  private zeros = 0;

  constructor(private readonly visitor: TopLevelVisitor) {}

  /** @throws Malformed */
  push(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length;) {
      const taken = this.take(chunk, at);
      at += taken;
      this.position += taken;
      if (this.current !== null && this.position === this.current.end) this.close(this.current);
    }
  }

  /**
   * How many zero bytes stand behind the last box. Fewer than eight may also be the beginning of another.
   * @throws EndsEarly - the file ends in the middle of a box
   */
  finish(): number {
    const { current } = this;
    if (this.headerFilled > 0) {
      if (this.header.subarray(0, this.headerFilled).every((byte) => byte === 0)) return this.headerFilled;
      throw new EndsEarly(`its last ${this.headerFilled} bytes are not a whole box`);
    }
    if (current === null) return this.zeros;
    if (current.end !== Number.POSITIVE_INFINITY) {
      throw new EndsEarly(`it ends ${current.end - this.position} bytes before the end of its ${current.type} box`);
    }
    this.close({ ...current, end: this.position });
    return 0;
  }

  private take(chunk: Uint8Array, at: number): number {
    if (this.zeros > 0) return this.takeZeros(chunk, at);
    return this.current === null ? this.takeHeader(chunk, at) : this.takePayload(this.current, chunk, at);
  }

  private takeZeros(chunk: Uint8Array, at: number): number {
    for (let index = at; index < chunk.length; index++) {
      if (chunk[index] !== 0) throw new Malformed(`what stands at byte ${this.position + index - at} is not a box`);
    }
    this.zeros += chunk.length - at;
    return chunk.length - at;
  }

  private takeHeader(chunk: Uint8Array, at: number): number {
    const needed = this.headerFilled >= 8 && this.header.readUInt32BE(0) === 1 ? 16 : 8;
    const part = Math.min(needed - this.headerFilled, chunk.length - at);
    for (let index = 0; index < part; index++) this.header[this.headerFilled + index] = chunk[at + index] ?? 0;
    this.headerFilled += part;
    const complete = this.headerFilled === 16 || (this.headerFilled === 8 && this.header.readUInt32BE(0) !== 1);
    if (complete) this.open(this.position + part);
    return part;
  }

  private open(payloadStart: number): void {
    const start = payloadStart - this.headerFilled;
    if (this.header.readBigUInt64BE(0) === 0n) {
      this.zeros = this.headerFilled;
      this.headerFilled = 0;
      return;
    }
    const type = this.header.toString('latin1', 4, 8);
    if (!/^[\x20-\x7e\xa9]{4}$/.test(type)) throw new Malformed(`what stands at byte ${start} is not a box`);
    if (++this.boxes > MAX_BOXES) throw new Malformed(`it has more than ${MAX_BOXES} boxes`);
    const box = { type, start, payloadStart, end: start + this.declaredSize(type) };
    this.headerFilled = 0;
    this.current = box;
    this.kept = this.keeper(box, this.visitor.opened(box));
  }

  private keeper(box: TopLevelBox, limit: number): GrowingBytes | null {
    if (limit === 0) return null;
    // Such a box is legal, but nothing could tell when its last children are missing; no writer leaves it open.
    if (box.end === Number.POSITIVE_INFINITY) throw new Malformed(`its ${box.type} box does not say how long it is`);
    const length = box.end - box.payloadStart;
    if (length > limit) throw new Malformed(`its ${box.type} box is larger than ${limit} bytes`);
    return new GrowingBytes(length);
  }

  private declaredSize(type: string): number {
    const short = this.header.readUInt32BE(0);
    if (short === 0) return Number.POSITIVE_INFINITY;
    const size = short === 1 ? Number(this.header.readBigUInt64BE(8)) : short;
    if (size < this.headerFilled) throw new Malformed(`its ${type} box is shorter than its own header`);
    if (size > Number.MAX_SAFE_INTEGER) throw new Malformed(`its ${type} box claims an impossible size`);
    return size;
  }

  private takePayload(box: TopLevelBox, chunk: Uint8Array, at: number): number {
    const part = Math.min(chunk.length - at, box.end - this.position);
    this.kept?.append(chunk.subarray(at, at + part));
    return part;
  }

  private close(box: TopLevelBox): void {
    const payload = this.kept?.taken() ?? NOTHING;
    this.current = null;
    this.kept = null;
    this.visitor.closed(box, payload);
  }
}
