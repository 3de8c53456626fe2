import type { Box } from './box.js';
import { Malformed } from './malformed.js';
import type { MediaData } from './media-data.js';

/** The `stbl` box of one track: how many samples it has, how long they are, and where their bytes lie. */
export class SampleTable {
  constructor(private readonly stbl: Box) {}

  /** Sum of all sample durations, in units of the track's timescale. */
  ticks(): number {
    const table = this.stbl.mustHave('stts');
    const entries = table.uint32(4);
    table.table(8, entries, 8);
    let ticks = 0;
    for (let at = 8; at < 8 + entries * 8; at += 8) ticks += table.uint32(at) * table.uint32(at + 4);
    return ticks;
  }

  /** Bytes of all samples, after a check that each of them is there. @throws Malformed */
  checkedBytes(media: MediaData): number {
    const sizes = sampleSizes(this.stbl);
    if (sizes.count === 0) return 0;
    const chunks = chunkOffsets(this.stbl);
    const runs = this.stbl.mustHave('stsc');
    const runCount = runs.uint32(4);
    runs.table(8, runCount, 12);
    if (runCount === 0 || runs.uint32(8) > 1) throw new Malformed('its stsc box says nothing about the first chunk');
    let sample = 0;
    let bytes = 0;
    for (let run = 0, chunk = 0; run < runCount && sample < sizes.count; run++) {
      const end = run + 1 < runCount ? Math.min(runs.uint32(8 + (run + 1) * 12) - 1, chunks.count) : chunks.count;
      const samples = runs.uint32(8 + run * 12 + 4);
      for (; chunk < end && sample < sizes.count; chunk++) {
        const part = Math.min(samples, sizes.count - sample);
        const length = sizes.sum(sample, part);
        const offset = chunks.offset(chunk);
        media.mustHold(offset, offset + length);
        sample += part;
        bytes += length;
      }
    }
    if (sample < sizes.count) throw new Malformed('its tables list more samples than its chunks hold');
    return bytes;
  }
}

interface SampleSizes {
  readonly count: number;
  sum(first: number, samples: number): number;
}

function sampleSizes(stbl: Box): SampleSizes {
  const plain = stbl.child('stsz');
  if (plain === undefined) return compactSizes(stbl.mustHave('stz2'));
  const uniform = plain.uint32(4);
  const count = plain.uint32(8);
  if (uniform > 0) return { count, sum: (_first, samples) => samples * uniform };
  plain.table(12, count, 4);
  return { count, sum: (first, samples) => plain.sum(12 + first * 4, samples, 4) };
}

function compactSizes(table: Box): SampleSizes {
  const bits = table.uint8(7);
  const count = table.uint32(8);
  if (bits !== 4 && bits !== 8 && bits !== 16) throw new Malformed(`its stz2 box has sizes of ${bits} bits`);
  table.table(12, count, bits / 8);
  const size = (index: number): number => {
    if (bits === 16) return table.uint16(12 + index * 2);
    if (bits === 8) return table.uint8(12 + index);
    const pair = table.uint8(12 + (index >>> 1));
    return index % 2 === 0 ? pair >>> 4 : pair & 0xf;
  };
  return { count, sum: (first, samples) => total(first, samples, size) };
}

function total(first: number, samples: number, size: (index: number) => number): number {
  let sum = 0;
  for (let index = first; index < first + samples; index++) sum += size(index);
  return sum;
}

function chunkOffsets(stbl: Box): { readonly count: number; offset(index: number): number } {
  const short = stbl.child('stco');
  const table = short ?? stbl.mustHave('co64');
  const width = short === undefined ? 8 : 4;
  const count = table.uint32(4);
  table.table(8, count, width);
  const offset = (index: number): number => (width === 4 ? table.uint32(8 + index * 4) : table.uint64(8 + index * 8));
  return { count, offset };
}
