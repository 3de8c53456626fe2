import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fuzz, FUZZ_TIMEOUT_MS } from '../support/fuzz.js';
import { topLevelBoxes } from './boxes.js';
import { fixture, probe, WHOLE_FIXTURES } from './fixtures.js';
import { VARIANTS, withMehd } from './variants.js';

/** Where a fragmented file without any announcement of its length may be cut unseen: between two fragments. */
function fragmentBoundaries(file: Buffer): number[] {
  return topLevelBoxes(file)
    .filter(({ type }) => type === 'moof' || type === 'mfra')
    .map(({ start }) => start);
}

function wholePrefixes(file: Buffer): number[] {
  const lengths: number[] = [];
  for (let length = 0; length < file.length; length++) {
    if (probe(file.subarray(0, length)).whole) lengths.push(length);
  }
  return lengths;
}

describe('no beginning of a video passes for the whole, wherever it is cut', () => {
  const unannounced = [
    'h264-aac-fragmented.mp4',
    'h264-aac-fragmented-empty-moov.mp4',
    'h264-fragmented-first-only.mp4',
  ];
  const files: [string, Buffer][] = [
    ...WHOLE_FIXTURES.filter((name) => !unannounced.includes(name)).map((name): [string, Buffer] => [
      name,
      fixture(name),
    ]),
    ...Object.entries(VARIANTS)
      .map(([name, make]): [string, Buffer] => [`a file ${name}`, make()])
      .filter(([name]) => !name.includes('mehd')),
  ];

  it.each(files)('%s', (_name, file) => {
    expect(wholePrefixes(file)).toEqual([]);
  });

  it.each(files)('%s, with zero bytes behind it', (_name, file) => {
    const padded = Buffer.concat([file, Buffer.alloc(20)]);
    for (const length of wholePrefixes(padded)) expect(length).toBeGreaterThanOrEqual(file.length);
  });

  it('a fragmented file that announces its length, but for the mfra index behind the last fragment', () => {
    const file = withMehd(2_000);
    expect(wholePrefixes(file)).toEqual(fragmentBoundaries(file).slice(-1));
  });

  it.each(unannounced)('%s, but for a cut exactly between fragments', (name) => {
    const file = fixture(name);
    const boundaries = fragmentBoundaries(file);
    const whole = wholePrefixes(file);
    expect(whole.length).toBeGreaterThan(0);
    expect(boundaries).toEqual(expect.arrayContaining(whole));
  });
});

describe('the beginning of a video, once it shows what it is, wants nothing but its rest', () => {
  const files = [...WHOLE_FIXTURES.map((name): [string, Buffer] => [name, fixture(name)])];

  it.each([...files, ...Object.entries(VARIANTS).map(([name, make]): [string, Buffer] => [`a file ${name}`, make()])])(
    '%s',
    (_name, file) => {
      const beyondHelp: [length: number, reason: string][] = [];
      for (let length = file.indexOf('ftyp') + 4; length < file.length; length++) {
        const verdict = probe(file.subarray(0, length));
        if (!verdict.whole && !verdict.endsEarly) beyondHelp.push([length, verdict.reason]);
      }
      expect(beyondHelp).toEqual([]);
    },
  );
});

describe('the verdict does not depend on how the bytes were cut into chunks', () => {
  const files = [
    ...WHOLE_FIXTURES.map(fixture),
    ...['audio-only.mp4', 'vp9.webm'].map(fixture),
    fixture('h264-aac-faststart.mp4').subarray(0, -5),
    Buffer.from('{"error":"no video"}'),
    Buffer.concat([fixture('h264-silent.mp4'), Buffer.alloc(1_000)]),
    Buffer.concat([fixture('h264-silent.mp4'), Buffer.alloc(13), Buffer.from('TAG')]),
  ];

  it('one byte at a time', () => {
    for (const file of files) {
      expect(probe(...Array.from(file, (byte) => Uint8Array.of(byte)))).toEqual(probe(file));
    }
  });

  it(
    'any cuts, empty chunks among them',
    () => {
      const cuts = fc.array(fc.nat(1 << 14), { maxLength: 40 });
      fc.assert(
        fc.property(fc.constantFrom(...files), cuts, (file, offsets) => {
          const edges = [0, ...offsets.map((offset) => offset % (file.length + 1)).sort((a, b) => a - b), file.length];
          const chunks = edges.slice(1).map((edge, index) => file.subarray(edges[index], edge));
          expect(probe(...chunks)).toEqual(probe(file));
        }),
        fuzz(300),
      );
    },
    FUZZ_TIMEOUT_MS,
  );
});

describe('nothing that comes over a network makes the probe throw or hang', () => {
  it(
    'any bytes',
    () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 2000 }), (bytes) => {
          expect(probe(bytes).whole).toBe(false);
        }),
        fuzz(1_000),
      );
    },
    FUZZ_TIMEOUT_MS,
  );

  it(
    'a video with some of its bytes changed',
    () => {
      const originals = Object.fromEntries(
        WHOLE_FIXTURES.map((name) => [name, { original: fixture(name), tables: tableBytes(fixture(name)) }]),
      ) as Record<(typeof WHOLE_FIXTURES)[number], { original: Buffer; tables: number[] }>;
      const change = fc.tuple(fc.nat(), fc.constantFrom(0, 1, 0x7f, 0x80, 0xff, 0x41));
      fc.assert(
        fc.property(
          fc.constantFrom(...WHOLE_FIXTURES),
          fc.array(change, { minLength: 1, maxLength: 8 }),
          (name, changes) => {
            const { original, tables } = originals[name];
            const file = Buffer.from(original);
            for (const [position, value] of changes) file.writeUInt8(value, tables[position % tables.length]);
            const verdict = probe(file);
            if (verdict.whole) expectPlausible(verdict);
            else expect(verdict.reason).toMatch(/^(it|its|a|what) /);
          },
        ),
        fuzz(5_000),
      );
    },
    FUZZ_TIMEOUT_MS,
  );
});

/** Offsets of everything but media data: where changed bytes can mislead. */
function tableBytes(file: Buffer): number[] {
  return topLevelBoxes(file).flatMap(({ type, start, size }) =>
    Array.from({ length: type === 'mdat' ? 8 : size }, (_, index) => start + index),
  );
}

/** What a status may carry as JSON. */
function expectPlausible(facts: { durationSeconds: number | null; width: number | null; height: number | null }): void {
  for (const value of [facts.durationSeconds, facts.width, facts.height]) {
    if (value !== null) expect(Number.isFinite(value) && value > 0).toBe(true);
  }
}
