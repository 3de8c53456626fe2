import { describe, expect, it } from 'vitest';
import { box, patch, placed, topLevelBoxes, u32 } from './boxes.js';
import { Mp4Probe } from '../../src/media/mp4-probe.js';
import { fixture, probe } from './fixtures.js';
import { FTYP, moov, table, track } from './made-movies.js';
import { VARIANTS, withCompactSizes, withMehd } from './variants.js';

const STBL = ['moov', 'trak', 'mdia', 'minf', 'stbl'] as const;

function reason(file: Uint8Array): string {
  const verdict = probe(file);
  return verdict.whole ? 'whole' : verdict.reason;
}

describe('a whole MP4 passes, with its facts', () => {
  it.each([
    ['h264-aac-faststart.mp4', 'avc1', true, false],
    ['h264-aac-moov-at-end.mp4', 'avc1', true, false],
    ['h264-silent.mp4', 'avc1', false, false],
    ['h264-aac-fragmented.mp4', 'avc1', true, true],
    ['h264-aac-fragmented-empty-moov.mp4', 'avc1', true, true],
    ['h264-fragmented-sidx.mp4', 'avc1', false, true],
    ['h265.mp4', 'hvc1', false, false],
    ['av1.mp4', 'av01', false, false],
    ['vp9.mp4', 'vp09', false, false],
  ])('%s', (name, codec, hasAudio, fragmented) => {
    expect(probe(fixture(name))).toEqual({
      whole: true,
      durationSeconds: 2,
      width: 160,
      height: 90,
      codec,
      hasAudio,
      fragmented,
    });
  });

  it('a fragmented file that is so short that it has no fragment', () => {
    const verdict = probe(fixture('h264-fragmented-first-only.mp4'));
    expect(verdict).toMatchObject({
      whole: true,
      fragmented: true,
      durationSeconds: expect.closeTo(5 / 12, 2) as number,
    });
  });

  it.each(Object.entries(VARIANTS))('a file %s', (_name, make) => {
    expect(probe(make())).toMatchObject({ whole: true, durationSeconds: 2, width: 160, height: 90 });
  });

  it.each([1, 7, 8, 100])('a file with %i zero bytes behind its last box', (length) => {
    const file = fixture('h264-silent.mp4');
    expect(probe(Buffer.concat([file, Buffer.alloc(length)]))).toEqual(probe(file));
  });

  it('a file whose sample sizes stand in a compact table, if they fit there', () => {
    expect(probe(withCompactSizes())).toMatchObject({ whole: true, durationSeconds: 2 });
  });

  it('falls back to the sample entry where the track header has no size, and to the movie where the track has no length', () => {
    let file = fixture('h264-silent.mp4');
    file = patch(file, ['moov', 'trak', 'tkhd'], 76, 0);
    file = patch(file, ['moov', 'trak', 'tkhd'], 80, 0);
    file = patch(file, ['moov', 'trak', 'mdia', 'mdhd'], 16, 0xffffffff);
    expect(probe(file)).toMatchObject({ whole: true, durationSeconds: 2, width: 160, height: 90 });
  });

  it('says null, not 0, when nothing tells the length', () => {
    let file = fixture('h264-silent.mp4');
    file = patch(file, ['moov', 'trak', 'mdia', 'mdhd'], 16, 0);
    file = patch(file, ['moov', 'mvhd'], 16, 0);
    expect(probe(file)).toMatchObject({ whole: true, durationSeconds: null });
  });

  it('gives the same verdict again when asked twice', () => {
    const mp4 = new Mp4Probe();
    mp4.push(fixture('av1.mp4'));
    expect(mp4.finish()).toEqual(mp4.finish());
  });
});

describe('what is no whole MP4 video is refused, in words for people', () => {
  const text = (content: string): Buffer => Buffer.from(content);

  it.each([
    ['nothing', Buffer.alloc(0), 'it is empty'],
    [
      'a JSON error',
      text('{"error":{"code":500,"message":"at https://signed.example/?token=abc"}}'),
      'it is a JSON document',
    ],
    ['a JSON list', text('\n[1,2]'), 'it is a JSON document'],
    ['a web page', text('<!DOCTYPE html><html><body>502</body></html>'), 'it is an HTML page'],
    ['XML', text('<?xml version="1.0"?><Error/>'), 'it is an XML document'],
    ['a playlist', text('#EXTM3U\n#EXT-X-VERSION:3'), 'it is an HLS playlist'],
    ['text', text('upstream timed out – später'), 'it is plain text'],
    ['WebM', fixture('vp9.webm'), 'it is a WebM or Matroska file'],
    ['gzip', Buffer.from('1f8b0800000000000003', 'hex'), 'it is gzip-compressed data'],
    ['zeros', Buffer.alloc(4096), 'it is zero bytes only'],
    ['noise', Buffer.from('9f00ff0012fe3377c1', 'hex'), 'it is unknown binary data'],
    [
      'a DASH segment',
      box('styp', Buffer.from('msdh')),
      'it is one segment of a segmented video, without its beginning',
    ],
  ])('%s', (_name, file, expected) => {
    expect(reason(file)).toBe(expected);
  });

  it('sound without pictures', () => {
    expect(reason(fixture('audio-only.mp4'))).toBe('it has no video track');
  });

  it('a picture in the same container format', () => {
    const ftyp = box('ftyp', Buffer.from('avif\0\0\0\0avifmif1', 'latin1'));
    expect(reason(Buffer.concat([ftyp, box('meta'), box('mdat')]))).toBe(
      'its brand "avif" is not that of an MP4 video',
    );
  });

  it.each(['ftyp', 'moov', 'mdat'])('a file without its %s box', (type) => {
    const file = fixture('h264-aac-faststart.mp4');
    file.write('free', placed(file, type).start + 4, 'latin1');
    expect(reason(file)).toContain(type === 'ftyp' ? 'it is' : `no ${type} box`);
  });

  it('a file that ends early, saying by how much', () => {
    const file = fixture('h264-aac-faststart.mp4');
    expect(reason(file.subarray(0, -123))).toBe('it ends 123 bytes before the end of its mdat box');
  });

  it.each([1, 7, 8, 100])('a file with %i bytes of junk behind its last box', (length) => {
    const nothing = Buffer.alloc(20);
    expect(reason(Buffer.concat([fixture('h264-silent.mp4'), nothing, Buffer.alloc(length, 0xab)]))).not.toBe('whole');
    expect(reason(Buffer.concat([fixture('h264-silent.mp4'), nothing, fixture('h264-silent.mp4')]))).not.toBe('whole');
    expect(reason(Buffer.concat([fixture('h264-silent.mp4'), Buffer.alloc(length, 0xab)]))).not.toBe('whole');
  });

  it.each([1, 7, 8, 100])('a fragmented file with %i zero bytes behind its last box', (length) => {
    expect(reason(Buffer.concat([fixture('h264-aac-fragmented.mp4'), Buffer.alloc(length)]))).not.toBe('whole');
  });

  it('a cut mdat whose length field was made to agree', () => {
    const file = fixture('h264-aac-faststart.mp4');
    const { start, size } = placed(file, 'mdat');
    file.writeUInt32BE(size - 1, start);
    expect(reason(file.subarray(0, -1))).toBe('its tables point to samples that are not in the file');
  });

  it('a moov whose tables promise more samples than its chunks hold', () => {
    expect(reason(patch(fixture('h264-silent.mp4'), [...STBL, 'stco'], 4, 0))).toContain(
      'more samples than its chunks',
    );
  });

  it('a video track without a single sample', () => {
    expect(reason(patch(fixture('h264-silent.mp4'), [...STBL, 'stsz'], 8, 0))).toBe('its video track is empty');
  });

  // Beyond 2^53 a number and the next one are the same, so that a sample there would seem to need no room.
  it.each([
    ['2^53', 2n ** 53n],
    ['2^63', 2n ** 63n],
    ['2^64 - 1', 2n ** 64n - 1n],
  ])('a sample at byte %s, also one of a fragment', (_name, offset) => {
    const long = u32(Number(offset >> 32n), Number(offset & 0xffffffffn));
    const tables = [box('stsz', u32(0, 1, 1)), table('stsc', 1, u32(1, 1, 1)), table('co64', 1, long)];
    const nothing = [box('stsz', u32(0, 0, 0)), table('stsc', 0, u32()), table('stco', 0, u32())];
    const mvex = box('mvex', box('trex', u32(0, 1, 1, 1, 1, 0)));
    const moof = box('moof', box('traf', box('tfhd', u32(0x1, 1), long), box('trun', u32(0, 1))));
    const media = box('mdat', Buffer.alloc(100));
    for (const parts of [[moov(track(1, 1, tables))], [moov(track(1, 1, nothing), mvex), moof]]) {
      expect(probe(Buffer.concat([FTYP, ...parts, media]))).toEqual({
        whole: false,
        reason: 'its tables point to samples that are not in the file',
        endsEarly: false,
      });
    }
  });

  it('fragments cut away although the file announced its whole length', () => {
    const file = withMehd(2_000);
    const lastFragment = topLevelBoxes(file)
      .filter(({ type }) => type === 'moof')
      .at(-1);
    expect(reason(file.subarray(0, lastFragment?.start))).toBe('it has 1.51 of 2.00 seconds');
  });

  it('fragments cut away although the file has an index of them', () => {
    const file = fixture('h264-fragmented-sidx.mp4');
    const lastFragment = topLevelBoxes(file)
      .filter(({ type }) => type === 'moof')
      .at(-1);
    expect(reason(file.subarray(0, lastFragment?.start))).toContain('before the end of its last indexed segment');
  });

  it('a fragment of a track that the movie does not have, and one before any movie', () => {
    const file = fixture('h264-fragmented-sidx.mp4');
    expect(reason(patch(file, ['moov', 'mvex', 'trex'], 4, 9))).toContain('track 1, which the movie has not');
    const moov = placed(file, 'moov');
    const moved = Buffer.concat([
      file.subarray(0, moov.start),
      file.subarray(moov.start + moov.size),
      file.subarray(moov.start, moov.start + moov.size),
    ]);
    expect(reason(moved)).toContain('no moov box before it');
  });

  it('a moov box that is left open, so that a lost track would not show', () => {
    const file = fixture('h264-aac-moov-at-end.mp4');
    file.writeUInt32BE(0, placed(file, 'moov').start);
    expect(reason(file)).toBe('its moov box does not say how long it is');
  });

  it('two movies in one file', () => {
    const file = fixture('h264-aac-moov-at-end.mp4');
    const { start } = placed(file, 'moov');
    expect(reason(Buffer.concat([file, file.subarray(start)]))).toBe('it has two moov boxes');
  });

  it('sample entries that are not there', () => {
    expect(reason(patch(fixture('h264-silent.mp4'), [...STBL, 'stsd'], 8, 0x7fffffff))).toContain('its stsd box');
  });
});

describe('hostile numbers cost neither time nor memory', () => {
  const ftyp = box('ftyp', Buffer.from('isom\0\0\0\0isom', 'latin1'));
  const huge = (type: string, size: bigint): Buffer => {
    const header = Buffer.alloc(16);
    header.writeUInt32BE(1, 0);
    header.write(type, 4, 'latin1');
    header.writeBigUInt64BE(size, 8);
    return header;
  };

  it.each([
    ['a box of 2^63 bytes', Buffer.concat([ftyp, huge('mdat', 2n ** 63n)]), 'its mdat box claims an impossible size'],
    [
      'a box of 15 bytes with a 16-byte header',
      Buffer.concat([ftyp, huge('mdat', 15n)]),
      'its mdat box is shorter than its own header',
    ],
    [
      'a box of 7 bytes',
      Buffer.concat([ftyp, u32(7), Buffer.from('mdat')]),
      'its mdat box is shorter than its own header',
    ],
    ['a moov of 1 TiB', Buffer.concat([ftyp, huge('moov', 2n ** 40n)]), 'its moov box is larger than 25165824 bytes'],
    [
      'a moof of 4 GiB',
      Buffer.concat([ftyp, u32(0xffffffff), Buffer.from('moof')]),
      'its moof box is larger than 4194304 bytes',
    ],
    [
      'a moov cut off',
      Buffer.concat([ftyp, u32(20 * 1024 * 1024), Buffer.from('moov')]),
      'it ends 20971512 bytes before the end of its moov box',
    ],
  ])('%s', (_name, file, expected) => {
    const before = process.memoryUsage().arrayBuffers;
    expect(reason(file)).toBe(expected);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * 1024 * 1024);
  });

  it.each(['stsz', 'stts', 'stco', 'stsc', 'ctts'])('a %s table that claims four billion entries', (type) => {
    const file = patch(fixture('h264-silent.mp4'), [...STBL, type], type === 'stsz' ? 8 : 4, 0xffffffff);
    const verdict = probe(file); // nobody needs ctts or, without fragments, stts
    expect(verdict.whole).toBe(type === 'ctts' || type === 'stts');
  });

  it.each([0x7fffffff, 7])('a box inside another that claims %i bytes', (size) => {
    const file = patch(fixture('h264-silent.mp4'), ['moov', 'trak', 'mdia'], -8, size);
    expect(reason(file)).toMatch(/^a box inside its trak box is (longer than that box|shorter than its own header)$/);
  });

  it('four billion samples of one size', () => {
    const file = patch(
      patch(fixture('h264-silent.mp4'), [...STBL, 'stsz'], 4, 0xffffffff),
      [...STBL, 'stsz'],
      8,
      0xffffffff,
    );
    expect(probe(file).whole).toBe(false);
  });

  it('a run of four billion samples in a fragment', () => {
    const file = fixture('h264-fragmented-sidx.mp4');
    expect(probe(patch(file, ['moof', 'traf', 'trun'], 4, 0xffffffff)).whole).toBe(false);
  });

  it('boxes nested 100,000 deep', () => {
    const depth = 100_000;
    const nest = Buffer.alloc(depth * 8);
    for (let level = 0; level < depth; level++) {
      nest.writeUInt32BE((depth - level) * 8, level * 8);
      nest.write(level === 0 ? 'moov' : 'trak', level * 8 + 4, 'latin1');
    }
    expect(reason(Buffer.concat([ftyp, nest]))).toBe('its moov box has no mvhd box');
  });

  it('millions of empty boxes', () => {
    const boxes = Buffer.alloc(8 * 1_100_000, box('free'));
    expect(reason(Buffer.concat([ftyp, boxes]))).toBe('it has more than 1000000 boxes');
  });

  it('a moov full of tracks, and one full of children', () => {
    const file = fixture('h264-silent.mp4');
    const { start, size } = placed(file, 'moov', 'trak');
    const mvhd = placed(file, 'moov', 'mvhd');
    const trak = file.subarray(start, start + size);
    const head = file.subarray(mvhd.start, mvhd.start + mvhd.size);
    const tracks = box('moov', head, ...Array.from({ length: 2000 }, () => trak));
    expect(reason(Buffer.concat([ftyp, tracks]))).toBe('it has more than 1000 tracks');
    const children = Buffer.alloc(8 * 500_000, box('free'));
    expect(reason(Buffer.concat([ftyp, box('moov', children)]))).toBe('its moov box has too many boxes inside');
  });
});
