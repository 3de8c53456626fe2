import { readFileSync } from 'node:fs';
import { Mp4Probe, type Mp4Verdict } from '../../src/media/mp4-probe.js';

/** The committed videos that must pass. */
export const WHOLE_FIXTURES = [
  'h264-aac-faststart.mp4',
  'h264-aac-moov-at-end.mp4',
  'h264-silent.mp4',
  'h264-aac-fragmented.mp4',
  'h264-aac-fragmented-empty-moov.mp4',
  'h264-fragmented-sidx.mp4',
  'h264-fragmented-first-only.mp4',
  'h265.mp4',
  'av1.mp4',
  'vp9.mp4',
] as const;

export function fixture(name: string): Buffer {
  return readFileSync(new URL(`../fixtures/media/${name}`, import.meta.url));
}

export function probe(...chunks: Uint8Array[]): Mp4Verdict {
  const mp4 = new Mp4Probe();
  for (const chunk of chunks) mp4.push(chunk);
  return mp4.finish();
}
