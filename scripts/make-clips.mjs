/**
 * Makes `src/simulator/clips.ts`: one short, seamless H.264 loop of a sunrise per aspect ratio, for the simulator's
 * videos. Needs `ffmpeg` with libx264 on the PATH:
 *
 *     node scripts/make-clips.mjs
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';

const FRAMES_PER_SECOND = 24;
const LOOP_FRAMES = 2 * FRAMES_PER_SECOND;
const TARGET = new URL('../src/simulator/clips.ts', import.meta.url);

/** Small, because the loops ship inside the package; players scale them to the size that the file declares. */
const SIZES = /** @type {const} */ ({
  '16:9': [640, 360],
  '9:16': [360, 640],
  '1:1': [360, 360],
  '4:3': [480, 360],
  '3:4': [360, 480],
  '3:2': [540, 360],
  '2:3': [360, 540],
  '21:9': [840, 360],
  '9:21': [360, 840],
});

// No B-frames and one slice a frame: then the loop can be cut after any frame, and a NAL unit is a frame.
const ENCODER = [
  ...['-c:v', 'libx264', '-preset', 'veryslow', '-tune', 'animation', '-profile:v', 'high', '-pix_fmt', 'yuv420p'],
  ...['-crf', '34', '-bf', '0', '-g', '1000', '-threads', '1', '-x264-params', 'slices=1:ipratio=2.0:scenecut=0'],
  ...['-colorspace', 'bt709', '-color_primaries', 'bt709', '-color_trc', 'bt709', '-f', 'h264'],
];

/** @typedef {readonly [number, number, number]} Colour red, green, blue from 0 to 255 */

/** Colours from the top of the picture (0) to the horizon (1). @type {readonly { at: number, colour: Colour }[]} */
const SKY = [
  { at: 0, colour: [38, 42, 96] },
  { at: 0.45, colour: [122, 92, 150] },
  { at: 0.75, colour: [240, 150, 120] },
  { at: 1, colour: [255, 206, 140] },
];
/** @type {Colour} */
const SUN = [255, 240, 200];
/** From far to near. @type {readonly { base: number, height: number, waves: number, shift: number, colour: Colour }[]} */
const HILLS = [
  { base: 0.72, height: 0.045, waves: 1.3, shift: 0.4, colour: [128, 78, 112] },
  { base: 0.8, height: 0.06, waves: 0.9, shift: 2.6, colour: [74, 52, 92] },
  { base: 0.9, height: 0.05, waves: 1.6, shift: 5.1, colour: [36, 32, 62] },
];

/**
 * RGB bytes of one frame; `phase` runs from 0 to 2π over the loop, so that the last frame leads into the first.
 * @param {number} width
 * @param {number} height
 * @param {number} phase
 */
function paint(width, height, phase) {
  const pixels = Buffer.allocUnsafe(width * height * 3);
  const unit = Math.min(width, height);
  const sun = { x: 0.62 * width, y: (0.56 - 0.012 * Math.sin(phase)) * height, radius: 0.085 * unit };
  const ridges = HILLS.map((hill) => ({ ...hill, edge: ridge(hill, width, height) }));
  let offset = 0;
  for (let y = 0; y < height; y++) {
    const sky = skyAt(y / height / 0.85);
    for (let x = 0; x < width; x++) {
      const distance = Math.hypot(x - sun.x, y - sun.y);
      let colour = mix(sky, SUN, 0.75 * Math.exp(-((distance / (0.42 * unit)) ** 2)));
      colour = mix(colour, SUN, clamp((sun.radius - distance) / 2 + 0.5));
      for (const [index, hill] of ridges.entries()) {
        const depth = y - (hill.edge[x] ?? 0);
        if (depth < -1) continue;
        const drift = 1 + 0.5 * Math.sin((x / unit) * 2.2 + phase + index);
        const mist = 0.22 * drift * Math.exp(-Math.max(0, depth) / (0.07 * height));
        colour = mix(colour, mix(hill.colour, SUN, mist), clamp(depth + 0.5));
      }
      for (const value of colour) pixels[offset++] = value;
    }
  }
  return pixels;
}

/**
 * The upper edge of a hill, in pixels from the top, for every column.
 * @param {(typeof HILLS)[number]} hill
 * @param {number} width
 * @param {number} height
 */
function ridge({ base, height: rise, waves, shift }, width, height) {
  const unit = Math.min(width, height);
  return Float64Array.from({ length: width }, (_, x) => {
    const wave = Math.sin((x / unit) * waves * 3 + shift) + 0.4 * Math.sin((x / unit) * waves * 7.3 + shift);
    return (base - rise * wave) * height;
  });
}

/**
 * @param {number} height
 * @returns {Colour}
 */
function skyAt(height) {
  const below = SKY.find(({ at }) => at > height);
  const above = SKY.findLast(({ at }) => at <= height) ?? { at: 0, colour: SUN };
  return below === undefined
    ? above.colour
    : mix(above.colour, below.colour, (height - above.at) / (below.at - above.at));
}

/**
 * @param {Colour} from
 * @param {Colour} to
 * @param {number} share how much of `to`, from 0 to 1
 * @returns {Colour}
 */
function mix(from, to, share) {
  const [r, g, b] = from;
  return [r + (to[0] - r) * share, g + (to[1] - g) * share, b + (to[2] - b) * share];
}

/** @param {number} value */
function clamp(value) {
  return Math.min(1, Math.max(0, value));
}

/**
 * The loop as an H.264 byte stream.
 * @param {number} width
 * @param {number} height
 */
async function encode(width, height) {
  const input = ['-f', 'rawvideo', '-pix_fmt', 'rgb24', '-s', `${width}x${height}`, '-r', String(FRAMES_PER_SECOND)];
  const colours = ['-vf', 'scale=out_color_matrix=bt709:out_range=tv'];
  const ffmpeg = spawn('ffmpeg', ['-v', 'error', ...input, '-i', '-', ...colours, ...ENCODER, '-'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const stream = buffer(ffmpeg.stdout);
  for (let frame = 0; frame < LOOP_FRAMES; frame++) {
    const pixels = paint(width, height, (2 * Math.PI * frame) / LOOP_FRAMES);
    if (!ffmpeg.stdin.write(pixels)) await once(ffmpeg.stdin, 'drain');
  }
  ffmpeg.stdin.end();
  return await stream;
}

/**
 * The NAL units of a byte stream, without their start codes.
 * @param {Buffer} stream
 */
function nalUnits(stream) {
  const units = [];
  let start = stream.indexOf('000001', 0, 'hex') + 3;
  while (start < stream.length) {
    const next = stream.indexOf('000001', start, 'hex');
    const end = next === -1 ? stream.length : stream[next - 1] === 0 ? next - 1 : next;
    units.push(stream.subarray(start, end));
    start = next === -1 ? stream.length : next + 3;
  }
  return units;
}

/**
 * One entry of the list in `clips.ts`.
 * @param {string} aspectRatio
 * @param {number} width
 * @param {number} height
 */
async function makeClip(aspectRatio, width, height) {
  const units = nalUnits(await encode(width, height));
  /** @param {number[]} types */
  const ofType = (...types) => units.filter((unit) => types.includes(unit.readUInt8() & 31));
  const [sps, pps, frames] = [ofType(7)[0], ofType(8)[0], ofType(1, 5)];
  if (sps === undefined || pps === undefined || frames.length !== LOOP_FRAMES || ofType(5).length !== 1) {
    throw new Error(`${aspectRatio}: not one slice a frame with one key frame at the start`);
  }
  const media = Buffer.concat(frames.flatMap((frame) => [lengthOf(frame), frame]));
  process.stderr.write(`${aspectRatio}: ${media.length} bytes\n`);
  return `  {
    aspectRatio: '${aspectRatio}',
    width: ${width},
    height: ${height},
    sps: '${sps.toString('base64')}',
    pps: '${pps.toString('base64')}',
    frames:
      '${media.toString('base64')}',
  },`;
}

/** @param {Buffer} unit */
function lengthOf(unit) {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(unit.length);
  return length;
}

const clips = [];
for (const [aspectRatio, [width, height]] of Object.entries(SIZES)) {
  clips.push(await makeClip(aspectRatio, width, height));
}
await writeFile(
  TARGET,
  `// Made by scripts/make-clips.mjs: run that again rather than editing this file.
import type { Clip } from './compose-mp4.js';

export const CLIPS: readonly Clip[] = [
${clips.join('\n')}
];
`,
);
