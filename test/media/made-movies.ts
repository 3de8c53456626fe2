import { box, placed, u32 } from './boxes.js';
import { fixture } from './fixtures.js';

/** Movies as long, or as hostile, as no fixture is, out of the boxes of one. Their pictures are nothing but sizes. */

const CLIP = fixture('h264-silent.mp4');
const TRAK = ['moov', 'trak'] as const;

function part(...path: string[]): Buffer {
  const { start, size } = placed(CLIP, ...path);
  return Buffer.from(CLIP.subarray(start, start + size));
}

export const FTYP = part('ftyp');
export const STSD = part(...TRAK, 'mdia', 'minf', 'stbl', 'stsd');

/** Boxes in front of the one that matters, at each level of a track. */
type Padding = (level: 'trak' | 'mdia' | 'minf' | 'stbl') => Buffer;

/** A video track over these tables. Its length: so many units of a sixtieth of a second. */
export function track(
  id: number,
  ticks: number,
  tables: readonly Buffer[],
  pad: Padding = () => Buffer.alloc(0),
): Buffer {
  const tkhd = part(...TRAK, 'tkhd');
  tkhd.writeUInt32BE(id, 8 + 12);
  const mdhd = part(...TRAK, 'mdia', 'mdhd');
  mdhd.writeUInt32BE(60, 8 + 12);
  mdhd.writeUInt32BE(ticks, 8 + 16);
  const minf = box('minf', pad('minf'), box('stbl', pad('stbl'), STSD, ...tables));
  return box('trak', pad('trak'), tkhd, box('mdia', pad('mdia'), mdhd, part(...TRAK, 'mdia', 'hdlr'), minf));
}

export function moov(...children: Buffer[]): Buffer {
  return box('moov', part('moov', 'mvhd'), ...children);
}

/** A table behind its version, flags and number of entries. */
export function table(type: string, entries: number, content: Buffer): Buffer {
  return box(type, u32(0, entries), content);
}

export function repeated(content: Buffer, times: number): Buffer {
  return Buffer.alloc(content.length * times, content);
}

/** So many numbers of 32 bits. */
export function numbers(count: number, valueOf: (index: number) => number): Buffer {
  const bytes = Buffer.alloc(count * 4);
  for (let index = 0; index < count; index++) bytes.writeUInt32BE(valueOf(index), index * 4);
  return bytes;
}
