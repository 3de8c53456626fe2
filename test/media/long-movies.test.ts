import { describe, expect, it } from 'vitest';
import { box, u32 } from './boxes.js';
import { probe } from './fixtures.js';
import { FTYP, moov, numbers, repeated, table, track } from './made-movies.js';

const FRAMES_PER_SECOND = 60;
const HOUR = 3_600;
const FRAME_BYTES = 2;
const SECOND_BYTES = FRAMES_PER_SECOND * FRAME_BYTES;

/** Two tracks side by side, a second of the one, then a second of the other; `header` bytes stand before each. */
function interleaved(seconds: number, firstAt: number, header: number): Buffer {
  const frames = seconds * FRAMES_PER_SECOND;
  const tracks = [0, 1].map((index) => {
    const at = (second: number): number => firstAt + (2 * second + index) * (header + SECOND_BYTES);
    return track(index + 1, frames, [
      box('stsz', u32(0, 0, frames), repeated(u32(FRAME_BYTES), frames)),
      table('stsc', 1, u32(1, FRAMES_PER_SECOND, 1)),
      table('stco', seconds, numbers(seconds, at)),
    ]);
  });
  return moov(...tracks);
}

function inFragments(fragments: number, framesEach: number): Buffer {
  const nothing = [box('stsz', u32(0, 0, 0)), ...['stts', 'stsc', 'stco'].map((type) => table(type, 0, u32()))];
  const movie = moov(track(1, 0, nothing), box('mvex', box('trex', u32(0, 1, 1, 1, 0, 0))));
  const sizes = repeated(u32(FRAME_BYTES), framesEach);
  const moof = (dataOffset: number): Buffer =>
    box('moof', box('traf', box('tfhd', u32(0x20000, 1)), box('trun', u32(0x201, framesEach, dataOffset), sizes)));
  const fragment = Buffer.concat([moof(moof(0).length + 8), box('mdat', Buffer.alloc(framesEach * FRAME_BYTES))]);
  return Buffer.concat([FTYP, movie, repeated(fragment, fragments)]);
}

describe('a long video of 60 frames a second passes, with its length', () => {
  it('ten hours and two tracks in one piece', () => {
    const media = box('mdat', Buffer.alloc(10 * HOUR * SECOND_BYTES * 2));
    const file = Buffer.concat([FTYP, media, interleaved(10 * HOUR, FTYP.length + 8, 0)]);
    expect(probe(file)).toMatchObject({ whole: true, durationSeconds: 10 * HOUR });
    expect(probe(file.subarray(0, -1)).whole).toBe(false);
  });

  it('ten hours and two tracks, each second in a media box of its own', () => {
    const media = repeated(box('mdat', Buffer.alloc(SECOND_BYTES)), 10 * HOUR * 2);
    const file = Buffer.concat([FTYP, media, interleaved(10 * HOUR, FTYP.length + 8, 8)]);
    expect(probe(file)).toMatchObject({ whole: true, durationSeconds: 10 * HOUR });
  });

  it.each([
    ['ten hours in fragments of a second', 10 * HOUR, FRAMES_PER_SECOND],
    ['an hour in fragments of a frame', HOUR * FRAMES_PER_SECOND, 1],
  ])('%s', (_name, fragments, framesEach) => {
    const seconds = (fragments * framesEach) / FRAMES_PER_SECOND;
    expect(probe(inFragments(fragments, framesEach))).toMatchObject({
      whole: true,
      fragmented: true,
      durationSeconds: seconds,
    });
  });
});
