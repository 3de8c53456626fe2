import { Malformed } from './malformed.js';

/** One box that is in memory, with its offsets counted from the start of its payload. Every read is checked. */
export class Box {
  constructor(
    readonly type: string,
    private readonly bytes: Buffer,
    private readonly start: number,
    private readonly end: number,
  ) {}

  get length(): number {
    return this.end - this.start;
  }

  /** Refuses a table that claims more entries than its box has room for. */
  require(length: number): void {
    if (length > this.length) throw new Malformed(`its ${this.type} box is shorter than it says`);
  }

  uint8(at: number): number {
    this.require(at + 1);
    return this.bytes.readUInt8(this.start + at);
  }

  uint16(at: number): number {
    this.require(at + 2);
    return this.bytes.readUInt16BE(this.start + at);
  }

  uint32(at: number): number {
    this.require(at + 4);
    return this.bytes.readUInt32BE(this.start + at);
  }

  int32(at: number): number {
    this.require(at + 4);
    return this.bytes.readInt32BE(this.start + at);
  }

  /** Above 2^53 the result is rounded, which only matters to values that no file can hold. */
  uint64(at: number): number {
    return this.uint32(at) * 2 ** 32 + this.uint32(at + 4);
  }

  /** A four-character code. */
  code(at: number): string {
    this.require(at + 4);
    return this.bytes.toString('latin1', this.start + at, this.start + at + 4);
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
      const end = at + this.childSize(at);
      if (end > this.length) throw new Malformed(`a box inside its ${this.type} box is longer than that box`);
      if (this.uint32(at + 4) === wanted) {
        const header = this.uint32(at) === 1 ? 16 : 8;
        yield new Box(type, this.bytes, this.start + at + header, this.start + end);
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
    return new Box(this.code(from + 4), this.bytes, this.start + from + 8, this.start + from + size);
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
