import { ALL_FORMATS, BufferSource, Input } from 'mediabunny';
import { describe, expect, it } from 'vitest';
import { fixture, probe, WHOLE_FIXTURES } from './fixtures.js';
import { VARIANTS } from './variants.js';

const files: [string, Buffer][] = [
  ...WHOLE_FIXTURES.filter((name) => name !== 'h264-aac-fragmented.mp4') // of which mediabunny counts the first part only
    .map((name): [string, Buffer] => [name, fixture(name)]),
  ...Object.entries(VARIANTS)
    .filter(([name]) => !name.includes('before ftyp')) // which mediabunny does not read
    .map(([name, make]): [string, Buffer] => [`a file ${name}`, make()]),
];

describe('an independent reader finds the same facts', () => {
  it.each(files)('%s', async (_name, file) => {
    const input = new Input({ formats: ALL_FORMATS, source: new BufferSource(new Uint8Array(file)) });
    const video = await input.getPrimaryVideoTrack();
    const audio = await input.getPrimaryAudioTrack();
    // It answers with the last moment; without an edit list, reordered frames begin later than at zero.
    const duration = ((await video?.computeDuration()) ?? 0) - ((await video?.getFirstTimestamp()) ?? 0);
    expect(probe(file)).toMatchObject({
      whole: true,
      width: await video?.getDisplayWidth(),
      height: await video?.getDisplayHeight(),
      hasAudio: audio !== null,
      durationSeconds: expect.closeTo(duration, 1) as number,
    });
  });
});
