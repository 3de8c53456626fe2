import type { Box } from './box.js';
import { Malformed } from './malformed.js';
import type { SampleDefaults } from './movie.js';

/** Samples of one track that lie side by side: bytes `start` to `end` of the file. */
interface SampleRun {
  readonly trackId: number;
  readonly ticks: number;
  readonly start: number;
  readonly end: number;
}

interface TrackFragment {
  readonly trackId: number;
  /** `null` when the fragment leaves it to the convention. */
  readonly baseOffset: number | null;
  readonly baseIsMoof: boolean;
  readonly defaults: SampleDefaults;
}

/**
 * The sample runs of one `moof` box.
 * @param moofStart - where the box begins in the file
 * @throws Malformed
 */
export function* sampleRuns(
  moof: Box,
  moofStart: number,
  defaultsOf: ReadonlyMap<number, SampleDefaults>,
): Generator<SampleRun> {
  let dataEnd = moofStart; // of the traf before; the first one starts at the moof
  for (const traf of moof.children('traf')) {
    const header = parseHeader(traf.mustHave('tfhd'), defaultsOf);
    const base = header.baseOffset ?? (header.baseIsMoof ? moofStart : dataEnd);
    dataEnd = base;
    for (const trun of traf.children('trun')) {
      const start = trun.flags & 0x1 ? base + trun.int32(8) : dataEnd;
      const { ticks, bytes } = measure(trun, header.defaults);
      dataEnd = start + bytes;
      yield { trackId: header.trackId, ticks, start, end: dataEnd };
    }
  }
}

function parseHeader(tfhd: Box, defaultsOf: ReadonlyMap<number, SampleDefaults>): TrackFragment {
  const { flags } = tfhd;
  const trackId = tfhd.uint32(4);
  const inherited = defaultsOf.get(trackId);
  if (inherited === undefined) throw new Malformed(`a fragment belongs to track ${trackId}, which the movie has not`);
  let at = 8;
  const field = (flag: number, width: number): number | null => {
    if (!(flags & flag)) return null;
    at += width;
    return at - width;
  };
  const base = field(0x1, 8);
  field(0x2, 4);
  const ticks = field(0x8, 4);
  const bytes = field(0x10, 4);
  return {
    trackId,
    baseOffset: base === null ? null : tfhd.uint64(base),
    baseIsMoof: (flags & 0x20000) !== 0,
    defaults: {
      ticks: ticks === null ? inherited.ticks : tfhd.uint32(ticks),
      bytes: bytes === null ? inherited.bytes : tfhd.uint32(bytes),
    },
  };
}

function measure(trun: Box, defaults: SampleDefaults): { ticks: number; bytes: number } {
  const { flags } = trun;
  const count = trun.uint32(4);
  const first = 8 + (flags & 0x1 ? 4 : 0) + (flags & 0x4 ? 4 : 0);
  const sizeAt = flags & 0x100 ? 4 : 0;
  const width = sizeAt + (flags & 0x200 ? 4 : 0) + (flags & 0x400 ? 4 : 0) + (flags & 0x800 ? 4 : 0);
  if (width > 0) trun.table(first, count, width);
  return {
    ticks: flags & 0x100 ? trun.sum(first, count, width) : count * defaults.ticks,
    bytes: flags & 0x200 ? trun.sum(first + sizeAt, count, width) : count * defaults.bytes,
  };
}
