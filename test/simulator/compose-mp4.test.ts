import { ALL_FORMATS, BufferSource, EncodedPacketSink, Input } from 'mediabunny';
import { expect, it } from 'vitest';
import { CLIPS } from '../../src/simulator/clips.js';
import { composeMp4 } from '../../src/simulator/compose-mp4.js';

const cases = CLIPS.flatMap((clip) => [4, 5, 8].map((seconds) => ({ ratio: clip.aspectRatio, clip, seconds })));

it.each(cases)(
  'makes a $ratio video of $seconds seconds that another MP4 reader agrees with',
  async ({ clip, seconds }) => {
    const file = composeMp4({ clip, seconds, width: 3 * clip.width, height: 3 * clip.height, comment: 'a test' });
    using input = new Input({ source: new BufferSource(file), formats: ALL_FORMATS });
    const track = await input.getPrimaryVideoTrack();
    if (track === null) throw new Error('no video track');
    expect(await input.computeDuration()).toBeCloseTo(seconds, 3);
    expect(await track.getCodec()).toBe('avc');
    expect([await track.getCodedWidth(), await track.getCodedHeight()]).toEqual([clip.width, clip.height]);
    expect([await track.getDisplayWidth(), await track.getDisplayHeight()]).toEqual([clip.width, clip.height]);
    expect(await input.getPrimaryAudioTrack()).toBeNull();
    const packets = await keyFrames(new EncodedPacketSink(track));
    expect(packets).toHaveLength(24 * seconds);
    expect(packets.flatMap((isKey, index) => (isKey ? [index] : []))).toEqual(startsOfLoops(seconds));
  },
);

it('declares the size to show the video at, also when its shape is not quite the shape of the loop', () => {
  const [clip] = CLIPS;
  if (clip === undefined) throw new Error('no clip');
  const file = composeMp4({ clip, seconds: 4, width: 854, height: 480, comment: '' });
  const header = file.subarray(file.indexOf('tkhd'), file.indexOf('mdia'));
  expect([header.readUInt32BE(80) / 0x10000, header.readUInt32BE(84) / 0x10000]).toEqual([854, 480]);
  const pixelShape = file.subarray(file.indexOf('pasp'));
  const [across, down] = [pixelShape.readUInt32BE(4), pixelShape.readUInt32BE(8)];
  expect((clip.width * across) / (clip.height * down)).toBeCloseTo(854 / 480, 6);
});

it('fills the file to the last byte with whole boxes, the index before the media', () => {
  const [clip] = CLIPS;
  if (clip === undefined) throw new Error('no clip');
  const file = composeMp4({ clip, seconds: 8, width: 1280, height: 720, comment: 'a test' });
  const types: string[] = [];
  let offset = 0;
  for (; offset < file.length; offset += file.readUInt32BE(offset))
    types.push(file.toString('latin1', offset + 4, offset + 8));
  expect({ types, end: offset }).toEqual({ types: ['ftyp', 'moov', 'mdat'], end: file.length });
});

it('makes different files for different comments, and the same file for the same', () => {
  const [clip] = CLIPS;
  if (clip === undefined) throw new Error('no clip');
  const made = (comment: string): Buffer => composeMp4({ clip, seconds: 4, width: 1280, height: 720, comment });
  expect(made('one').equals(made('two'))).toBe(false);
  expect(made('one').equals(made('one'))).toBe(true);
});

/** For each packet whether it is a key frame, by the media itself where mediabunny can tell. */
async function keyFrames(sink: EncodedPacketSink): Promise<boolean[]> {
  const kinds: boolean[] = [];
  for await (const packet of sink.packets(undefined, undefined, { verifyKeyPackets: true })) {
    kinds.push(packet.type === 'key');
  }
  return kinds;
}

/** The loop is 48 frames long. */
function startsOfLoops(seconds: number): number[] {
  return Array.from({ length: Math.ceil((24 * seconds) / 48) }, (_, loop) => 48 * loop);
}
