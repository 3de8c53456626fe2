/** Builds and takes apart boxes with a few lines of its own, so that a bug in the probe cannot hide behind itself. */

export function box(type: string, ...payload: Uint8Array[]): Buffer {
  const body = Buffer.concat(payload);
  return Buffer.concat([u32(8 + body.length), Buffer.from(type, 'latin1'), body]);
}

export function u32(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => bytes.writeUInt32BE(value, index * 4));
  return bytes;
}

interface PlacedBox {
  readonly type: string;
  readonly start: number;
  readonly size: number;
}

/** Top-level boxes of a well-formed file with 32-bit sizes. */
export function topLevelBoxes(file: Buffer, start = 0, end = file.length): PlacedBox[] {
  const boxes: PlacedBox[] = [];
  for (let at = start; at < end; at += file.readUInt32BE(at)) {
    boxes.push({ type: file.toString('latin1', at + 4, at + 8), start: at, size: file.readUInt32BE(at) });
  }
  return boxes;
}

export function placed(file: Buffer, ...path: string[]): PlacedBox {
  let found: PlacedBox | undefined;
  for (const type of path) {
    const inside =
      found === undefined ? topLevelBoxes(file) : topLevelBoxes(file, found.start + 8, found.start + found.size);
    found = inside.find((candidate) => candidate.type === type);
    if (found === undefined) throw new Error(`no ${path.join('/')}`);
  }
  if (found === undefined) throw new Error('an empty path');
  return found;
}

/** `file` with `extra` appended inside the box at `path`, all enclosing sizes corrected. */
export function insertInto(file: Buffer, path: readonly string[], extra: Buffer): Buffer {
  const copy = Buffer.from(file);
  for (let depth = 1; depth <= path.length; depth++) {
    const { start, size } = placed(file, ...path.slice(0, depth));
    copy.writeUInt32BE(size + extra.length, start);
  }
  const { start, size } = placed(file, ...path);
  return Buffer.concat([copy.subarray(0, start + size), extra, copy.subarray(start + size)]);
}

/** `file` with `value` written `at` bytes into the payload of the box at `path`. */
export function patch(file: Buffer, path: readonly string[], at: number, value: number): Buffer {
  const copy = Buffer.from(file);
  copy.writeUInt32BE(value, placed(file, ...path).start + 8 + at);
  return copy;
}
