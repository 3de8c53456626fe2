import { Malformed } from './malformed.js';
import { ReadingAllowance } from './reading-allowance.js';

/**
 * One box that is in memory, with its offsets counted from the start of its payload. Every read is checked, and all that
 * is read of a top-level box draws on one allowance.
 */
export class Box {
  readonly length: number;

  private constructor(
    readonly type: string,
    /** Not a `Buffer`: this is what engines read fastest, and tables are long. */
    private readonly bytes: DataView,
    private readonly start: number,
    end: number,
    private readonly allowance: ReadingAllowance,
  ) {
    this.length = end - start;
  }

  static topLevel(type: string, payload: Uint8Array): Box {
    const bytes = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
    return new Box(type, bytes, 0, payload.byteLength, new ReadingAllowance(type));
  }

  private require(length: number): void {
    if (length > this.length) throw new Malformed(`its ${this.type} box is shorter than it says`);
  }

  /** Announces that a table will be read. Refuses one that claims more entries than its box has room for. */
  table(at: number, count: number, bytesEach: number): void {
    this.require(at + Math.ceil(count * bytesEach));
    this.allowance.spendEntries(count);
  }

  uint8(at: number): number {
    this.require(at + 1);
    return this.bytes.getUint8(this.start + at);
  }

  uint16(at: number): number {
    this.require(at + 2);
    return this.bytes.getUint16(this.start + at);
  }

  uint32(at: number): number {
    this.require(at + 4);
    return this.bytes.getUint32(this.start + at);
  }

  int32(at: number): number {
    this.require(at + 4);
    return this.bytes.getInt32(this.start + at);
  }

  /** From 2^53 on the result is rounded, and no safe integer; no file has such a place. */
  uint64(at: number): number {
    return this.uint32(at) * 2 ** 32 + this.uint32(at + 4);
  }

  /** Of 32-bit numbers that lie `stride` bytes apart; the whole range is checked at once, for the sake of long tables. */
  sum(at: number, count: number, stride: number): number {
    if (count === 0) return 0;
    this.require(at + (count - 1) * stride + 4);
    const { bytes } = this;
    const end = this.start + at + count * stride;
    let total = 0;
    for (let position = this.start + at; position < end; position += stride) total += bytes.getUint32(position);
    return total;
  }

  /** A four-character code. */
  code(at: number): string {
    return String.fromCharCode(...[0, 1, 2, 3].map((index) => this.uint8(at + index)));
  }

  /** The version byte of a "full box". */
  get version(): number {
    return this.uint8(0);
  }

  /** The 24 flag bits of a "full box". */
  get flags(): number {
    return this.uint32(0) & 0xffffff;
  }

  /** The direct children of one type; `from` skips the fields before the first child. */
  *children(type: string, from = 0): Generator<Box> {
    const wanted = Buffer.from(type, 'latin1').readUInt32BE(0);
    // Readers ignore up to seven bytes of padding after the last child, and so must we.
    for (let at = from; at + 8 <= this.length;) {
      this.allowance.spendBox();
      const end = at + this.childSize(at);
      if (end > this.length) throw new Malformed(`a box inside its ${this.type} box is longer than that box`);
      if (this.uint32(at + 4) === wanted) {
        const header = this.uint32(at) === 1 ? 16 : 8;
        yield new Box(type, this.bytes, this.start + at + header, this.start + end, this.allowance);
      }
      at = end;
    }
  }

  child(type: string): Box | undefined {
    for (const box of this.children(type)) return box;
    return undefined;
  }

  /** The child that the format demands. */
  mustHave(type: string): Box {
    const box = this.child(type);
    if (box === undefined) throw new Malformed(`its ${this.type} box has no ${type} box`);
    return box;
  }

  /** The first child, whatever its type; `from` skips the fields before it. */
  firstChild(from: number): Box {
    const size = this.childSize(from);
    this.require(from + size);
    const [start, end] = [this.start + from + 8, this.start + from + size];
    return new Box(this.code(from + 4), this.bytes, start, end, this.allowance);
  }

  private childSize(at: number): number {
    const short = this.uint32(at);
    const size = short === 0 ? this.length - at : short === 1 ? this.uint64(at + 8) : short;
    if (size < (short === 1 ? 16 : 8)) {
      throw new Malformed(`a box inside its ${this.type} box is shorter than its own header`);
    }
    return size;
  }
}
