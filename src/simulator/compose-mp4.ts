import { box, fullBox, u16, u32, zeros } from './mp4-box.js';

/** A seamless H.264 loop of one key frame and P-frames: it can be repeated, and cut after any frame. */
export interface Clip {
  readonly aspectRatio: string;
  /** Coded size in pixels. */
  readonly width: number;
  readonly height: number;
  /** The parameter sets as base64 of one NAL unit each. */
  readonly sps: string;
  readonly pps: string;
  /** Base64 of the frames at 24 a second, each behind its length in four bytes; the first is the key frame. */
  readonly frames: string;
}

export interface Composition {
  readonly clip: Clip;
  /** Length of the video in whole seconds. */
  readonly seconds: number;
  /** The size to show it at, in pixels; players scale the coded size to it. */
  readonly width: number;
  readonly height: number;
  /** Free text kept inside the file; it also makes files of the same length and size differ. */
  readonly comment: string;
}

const FRAMES_PER_SECOND = 24;
const TIMESCALE = 24_000;
const FRAME_TICKS = TIMESCALE / FRAMES_PER_SECOND;
const UPRIGHT = u32(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000);

/** A whole, playable, silent MP4 with its index at the front: the loop, repeated to `seconds`. */
export function composeMp4(composition: Composition): Buffer {
  const loop = splitFrames(Buffer.from(composition.clip.frames, 'base64'));
  const samples = Array.from(
    { length: composition.seconds * FRAMES_PER_SECOND },
    (_, index) => loop[index % loop.length] ?? zeros(0),
  );
  const fileType = box('ftyp', Buffer.from('isom'), u32(0x200), Buffer.from('isomiso2avc1mp41'));
  const movie = (mediaOffset: number): Buffer => movieBox(composition, samples, loop.length, mediaOffset);
  const mediaOffset = fileType.length + movie(0).length + 8;
  return Buffer.concat([fileType, movie(mediaOffset), box('mdat', ...samples)]);
}

function splitFrames(media: Buffer): Buffer[] {
  const frames: Buffer[] = [];
  for (let start = 0; start < media.length;) {
    const end = start + 4 + media.readUInt32BE(start);
    frames.push(media.subarray(start, end));
    start = end;
  }
  return frames;
}

function movieBox(
  composition: Composition,
  samples: readonly Buffer[],
  loopFrames: number,
  mediaOffset: number,
): Buffer {
  const ticks = samples.length * FRAME_TICKS;
  const keyFrames = samples.flatMap((_, index) => (index % loopFrames === 0 ? [index + 1] : []));
  const sampleTable = box(
    'stbl',
    fullBox('stsd', 0, u32(1), sampleEntry(composition)),
    fullBox('stts', 0, u32(1, samples.length, FRAME_TICKS)),
    fullBox('stss', 0, u32(keyFrames.length, ...keyFrames)),
    fullBox('stsc', 0, u32(1, 1, samples.length, 1)),
    fullBox('stsz', 0, u32(0, samples.length, ...samples.map((sample) => sample.length))),
    fullBox('stco', 0, u32(1, mediaOffset)),
  );
  const dataInThisFile = box('dinf', fullBox('dref', 0, u32(1), fullBox('url ', 1)));
  const media = box(
    'mdia',
    fullBox('mdhd', 0, u32(0, 0, TIMESCALE, ticks), u16(0x55c4, 0)), // language "und"
    fullBox('hdlr', 0, u32(0), Buffer.from('vide'), zeros(12), Buffer.from('Video\0')),
    box('minf', fullBox('vmhd', 1, zeros(8)), dataInThisFile, sampleTable),
  );
  return box('moov', movieHeader(ticks), box('trak', trackHeader(composition, ticks), media), comment(composition));
}

function movieHeader(ticks: number): Buffer {
  const [rate, volume, nextTrack] = [u32(0x10000), u16(0x100, 0), u32(2)];
  return fullBox('mvhd', 0, u32(0, 0, TIMESCALE, ticks), rate, volume, zeros(8), UPRIGHT, zeros(24), nextTrack);
}

function trackHeader({ width, height }: Composition, ticks: number): Buffer {
  const enabledAndInMovie = 3;
  const size = u32(width * 0x10000, height * 0x10000);
  return fullBox('tkhd', enabledAndInMovie, u32(0, 0, 1, 0, ticks), zeros(16), UPRIGHT, size);
}

function sampleEntry({ clip, width, height }: Composition): Buffer {
  const [sps, pps] = [Buffer.from(clip.sps, 'base64'), Buffer.from(clip.pps, 'base64')];
  const highProfileFormat = Buffer.from([0xfd, 0xf8, 0xf8, 0]); // 4:2:0, 8 bits
  const decoder = box(
    'avcC',
    Buffer.from([1, ...sps.subarray(1, 4), 0xff, 0xe1]),
    u16(sps.length),
    sps,
    Buffer.from([1]),
    u16(pps.length),
    pps,
    highProfileFormat,
  );
  const pixelShape = box('pasp', u32(...reduced(width * clip.height, height * clip.width)));
  const [resolution, framesPerSample, depth] = [u32(0x480000, 0x480000, 0), u16(1), u16(24, 0xffff)];
  return box(
    'avc1',
    ...[zeros(6), u16(1), zeros(16), u16(clip.width, clip.height), resolution, framesPerSample, zeros(32), depth],
    ...[decoder, pixelShape],
  );
}

function comment({ comment }: Composition): Buffer {
  const text = Buffer.from(comment);
  return box('udta', box('\u00a9cmt', u16(text.length, 0x55c4), text));
}

function reduced(a: number, b: number): [number, number] {
  const divisor = greatestCommonDivisor(a, b);
  return [a / divisor, b / divisor];
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
