import { box, insertInto, patch, placed, u32 } from './boxes.js';
import { fixture } from './fixtures.js';

/** Legal shapes that ffmpeg does not write, made from those it does. */
export const VARIANTS: Readonly<Record<string, () => Buffer>> = {
  'with an mdat of size 0, which means "to the end of the file"': () => {
    const file = fixture('h264-aac-faststart.mp4');
    file.writeUInt32BE(0, placed(file, 'mdat').start);
    return file;
  },
  'with a 64-bit mdat size': () => {
    const file = fixture('h264-aac-moov-at-end.mp4');
    const { start, size } = placed(file, 'mdat');
    file.writeUInt32BE(1, start - 8); // over the empty `free` box that ffmpeg leaves for this purpose
    file.write('mdat', start - 4, 'latin1');
    file.writeBigUInt64BE(BigInt(size + 8), start);
    return file;
  },
  'with its length announced by mehd': () => withMehd(2_000),
  'with an empty box before ftyp': () => Buffer.concat([box('free'), fixture('h264-fragmented-sidx.mp4')]),
  'with 64-bit chunk offsets': () => {
    const file = fixture('h264-silent.mp4');
    const { start, size } = placed(file, 'moov', 'trak', 'mdia', 'minf', 'stbl', 'stco');
    const count = file.readUInt32BE(start + 12);
    const offsets = Array.from({ length: count }, (_, index) => file.readUInt32BE(start + 16 + index * 4));
    file.write('free', start + 4, 'latin1');
    const added = size + count * 4;
    const long = box('co64', u32(0, count), ...offsets.map((offset) => u32(0, offset + added)));
    return insertInto(file, ['moov', 'trak', 'mdia', 'minf', 'stbl'], long);
  },
};

/** A file of two seconds that announces so many milliseconds (the movie's timescale is 1,000). */
export function withMehd(milliseconds: number): Buffer {
  const mehd = box('mehd', u32(0, milliseconds));
  return insertInto(fixture('h264-aac-fragmented-empty-moov.mp4'), ['moov', 'mvex'], mehd);
}

/** The same facts about sample sizes in a compact table of 16 bits a sample. */
export function withCompactSizes(): Buffer {
  const file = fixture('h264-silent.mp4');
  const path = ['moov', 'trak', 'mdia', 'minf', 'stbl'];
  const { start } = placed(file, ...path, 'stsz');
  const count = file.readUInt32BE(start + 16);
  const sizes = Buffer.alloc(count * 2);
  for (let index = 0; index < count; index++) sizes.writeUInt16BE(file.readUInt32BE(start + 20 + index * 4), index * 2);
  file.write('free', start + 4, 'latin1');
  const compact = box('stz2', u32(0, 16, count), sizes);
  const grown = insertInto(file, path, compact);
  const offset = file.readUInt32BE(placed(file, ...path, 'stco').start + 16);
  return patch(grown, [...path, 'stco'], 8, offset + compact.length);
}
