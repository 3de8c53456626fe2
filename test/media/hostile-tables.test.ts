import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { box, u32 } from './boxes.js';
import { probe } from './fixtures.js';
import { FTYP, moov, numbers, repeated, table, track } from './made-movies.js';

const MIB = 1024 * 1024;
const MOVIE_BYTES = 23 * MIB;
/** Where the first sample lies. */
const DATA = FTYP.length + 8;
const MEDIA = box('mdat', Buffer.alloc(1_000));

const fillers = (bytes: number): Buffer => repeated(box('free'), bytes / 8);
const oneChunk = (samples: number): Buffer[] => [table('stsc', 1, u32(1, samples, 1)), table('stco', 1, u32(DATA))];
const oneSample = [box('stsz', u32(0, 1, 1)), ...oneChunk(1)];
const compact = (bits: number): Buffer => {
  const count = (MOVIE_BYTES * 8) / bits;
  return moov(track(1, 1, [box('stz2', u32(0, bits, count), Buffer.alloc(MOVIE_BYTES)), ...oneChunk(count)]));
};

/** One sample a chunk, and each chunk far from the one before. */
function scattered(): Buffer {
  const payloads = 250_000;
  const chunks = 5 * MIB;
  const one = box('mdat', Buffer.alloc(8));
  const offsets = numbers(chunks, (index) => FTYP.length + 8 + ((index * 104_729) % payloads) * one.length);
  const sizes = box('stsz', u32(0, 1, chunks));
  const tables = [sizes, table('stsc', 1, u32(1, 1, 1)), table('stco', chunks, offsets)];
  return Buffer.concat([FTYP, repeated(one, payloads), moov(track(1, 1, tables))]);
}

function fragments(): Buffer {
  const nothing = [box('stsz', u32(0, 0, 0)), table('stsc', 0, u32()), table('stco', 0, u32())];
  const movie = moov(track(1, 1, nothing), box('mvex', box('trex', u32(0, 1, 1, 0, 0, 0))));
  const traf = box('traf', box('tfhd', u32(0, 1)));
  return Buffer.concat([FTYP, movie, box('moof', repeated(traf, Math.floor((3.5 * MIB) / traf.length))), MEDIA]);
}

const after = (movie: Buffer): Buffer => Buffer.concat([FTYP, MEDIA, movie]);

/** Each as large as it may be and as costly to read as it can be, and what is said of it. */
const HOSTILE: Readonly<Record<string, readonly [make: () => Buffer, said: string]>> = {
  'empty boxes in the movie': [() => after(moov(fillers(MOVIE_BYTES))), 'too many boxes'],
  'empty boxes among the tables': [
    () => after(moov(track(1, 1, oneSample, (level) => fillers(level === 'stbl' ? MOVIE_BYTES : 0)))),
    'too many boxes',
  ],
  'empty boxes at every level': [
    () => after(moov(track(1, 1, oneSample, () => fillers(MOVIE_BYTES / 4)))),
    'too many boxes',
  ],
  'track fragments without samples': [fragments, 'too many boxes'],
  'sample sizes': [
    () => {
      const sizes = box('stsz', u32(0, 0, MOVIE_BYTES / 4), Buffer.alloc(MOVIE_BYTES));
      return after(moov(track(1, 1, [sizes, ...oneChunk(MOVIE_BYTES / 4)])));
    },
    'video track is empty',
  ],
  'sample sizes of four bits': [() => after(compact(4)), 'too many entries'],
  'sample sizes of eight bits': [() => after(compact(8)), 'too many entries'],
  'chunks without samples': [
    () => {
      const chunks = table('stco', MOVIE_BYTES / 4, Buffer.alloc(MOVIE_BYTES));
      return after(moov(track(1, 1, [box('stsz', u32(0, 1, 1)), table('stsc', 1, u32(1, 0, 1)), chunks])));
    },
    'more samples than its chunks hold',
  ],
  'samples to and fro between media boxes': [scattered, 'to and fro'],
};

function cpuMs(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

it.each([
  ['moov', 24 * MIB],
  ['moof', 4 * MIB],
])('a %s box of more than %i bytes is refused before any of it is kept', (type, most) => {
  const header = Buffer.concat([u32(8 + most + 1), Buffer.from(type)]);
  expect(probe(Buffer.concat([FTYP, header]))).toMatchObject({
    reason: `its ${type} box is larger than ${most} bytes`,
  });
});

describe('the largest and worst tables are read in bounded time', () => {
  // Beside a hash of the same bytes, in the same breath: some ten times that at the worst, and a bound that is no bound shows.
  it.each(Object.entries(HOSTILE))('%s', (_name, [make, said]) => {
    const file = make();
    const ratios = [1, 2, 3].map(() => {
      const hash = cpuMs(() => createHash('sha256').update(file).digest());
      const reading = cpuMs(() => {
        expect(probe(file)).toMatchObject({ whole: false, reason: expect.stringContaining(said) as string });
      });
      return reading / hash;
    });
    expect(Math.min(...ratios)).toBeLessThan(20);
  });
});
