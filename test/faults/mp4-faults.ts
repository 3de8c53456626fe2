import { box, patch, placed, u32 } from '../media/boxes.js';
import { fixture } from '../media/fixtures.js';
import { video } from '../support/provider.js';
import type { Fault } from './fault-runs.js';

const CLIP = fixture('h264-silent.mp4');

function without(type: string): Buffer {
  const { start, size } = placed(CLIP, type);
  return Buffer.concat([CLIP.subarray(0, start), CLIP.subarray(start + size)]);
}

/** Half of the media data, under a length that agrees. */
function cutMedia(): Buffer {
  const file = fixture('h264-aac-faststart.mp4');
  const { start, size } = placed(file, 'mdat');
  const kept = Buffer.from(file.subarray(0, start + Math.floor(size / 2)));
  kept.writeUInt32BE(kept.length - start, start);
  return kept;
}

function refused(body: Buffer): Fault {
  return { content: () => video(body), end: 'InvalidVideo', requests: 3 };
}

function saved(name: string): Fault {
  return savedAs(fixture(name));
}

function savedAs(body: Buffer): Fault {
  return { content: () => video(body), end: 'saved', saves: body, requests: 1 };
}

/** The row "the MP4" of what longtake survives. */
export const MP4_FAULTS: Readonly<Record<string, Fault>> = {
  'nothing at all': refused(Buffer.alloc(0)),
  'a JSON document': refused(Buffer.from('{"error":{"code":500,"message":"later"}}')),
  'a web page': refused(Buffer.from('<!doctype html><html><body>502</body></html>')),
  'no moov': refused(without('moov')),
  'no mdat': refused(without('mdat')),
  'cut mdat under a length that agrees': refused(cutMedia()),
  'wrong ftyp': refused(Buffer.concat([box('ftyp', Buffer.from('heic'), u32(0)), without('ftyp')])),
  'huge box counts': refused(patch(CLIP, ['moov', 'trak', 'mdia', 'minf', 'stbl', 'stsz'], 8, 0xffffffff)),
  'zero bytes behind the last box': savedAs(Buffer.concat([CLIP, Buffer.alloc(1_000)])),
  'no pictures': refused(fixture('audio-only.mp4')),
  ...Object.fromEntries(
    ['h264-aac-fragmented', 'h264-aac-moov-at-end', 'h264-aac-faststart', 'h264-silent', 'h265', 'av1'].map((name) => [
      name,
      saved(`${name}.mp4`),
    ]),
  ),
};
