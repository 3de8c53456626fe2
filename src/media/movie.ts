import type { Box } from './box.js';
import { Malformed } from './malformed.js';
import { SampleTable } from './sample-table.js';

/** Real files have a handful. */
const MAX_TRACKS = 1000;

/** What a fragment's samples are like unless the fragment says otherwise (`trex`). */
export interface SampleDefaults {
  readonly ticks: number;
  readonly bytes: number;
}

export interface Track {
  readonly id: number;
  /** `vide`, `soun`, … */
  readonly handler: string;
  /** Units a second; 0 when the file says nonsense. */
  readonly timescale: number;
  /** As the track's header says it; `null` when it does not. */
  readonly headerSeconds: number | null;
  /** Pixels as shown, before any rotation; `null` when unknown. */
  readonly width: number | null;
  readonly height: number | null;
  /** Four-character code of the first sample entry: `avc1`, `hvc1`, `av01`, `vp09`, `mp4a`, … */
  readonly codec: string | null;
  readonly samples: SampleTable;
}

/** The `moov` box: everything about the movie but its media bytes and its fragments. */
export interface Movie {
  readonly headerSeconds: number | null;
  readonly tracks: readonly Track[];
  /** By track id; `null` in a file that announces no fragments. */
  readonly fragmentDefaults: ReadonlyMap<number, SampleDefaults> | null;
  /** How long the whole movie is with its fragments, where the file says so (`mehd`). */
  readonly announcedSeconds: number | null;
}

/** @throws Malformed */
export function parseMovie(moov: Box): Movie {
  const header = timing(moov.mustHave('mvhd'));
  const tracks: Track[] = [];
  for (const trak of moov.children('trak')) {
    if (tracks.length === MAX_TRACKS) throw new Malformed(`it has more than ${MAX_TRACKS} tracks`);
    tracks.push(parseTrack(trak));
  }
  const mvex = moov.child('mvex');
  return {
    headerSeconds: header.seconds,
    tracks,
    fragmentDefaults: mvex === undefined ? null : parseDefaults(mvex),
    announcedSeconds: announcedSeconds(mvex?.child('mehd'), header.timescale),
  };
}

function parseTrack(trak: Box): Track {
  const tkhd = trak.mustHave('tkhd');
  const mdia = trak.mustHave('mdia');
  const stbl = mdia.mustHave('minf').mustHave('stbl');
  const { timescale, seconds } = timing(mdia.mustHave('mdhd'));
  const handler = mdia.mustHave('hdlr').code(8);
  const stsd = stbl.mustHave('stsd');
  const entry = stsd.uint32(4) === 0 ? null : stsd.firstChild(8);
  const isVideo = handler === 'vide';
  return {
    id: tkhd.uint32(tkhd.version === 1 ? 20 : 12),
    handler,
    timescale,
    headerSeconds: seconds,
    width: isVideo ? pixels(tkhd, 0) || (entry?.uint16(24) ?? 0) || null : null,
    height: isVideo ? pixels(tkhd, 4) || (entry?.uint16(26) ?? 0) || null : null,
    codec: entry?.type ?? null,
    samples: new SampleTable(stbl),
  };
}

/** Width (`at` 0) or height (`at` 4) of a track header, a 16.16 fixed-point number. */
function pixels(tkhd: Box, at: number): number {
  return Math.round(tkhd.uint32((tkhd.version === 1 ? 88 : 76) + at) / 65536);
}

/** `mvhd` and `mdhd` begin alike. */
function timing(header: Box): { timescale: number; seconds: number | null } {
  const long = header.version === 1;
  const timescale = header.uint32(long ? 20 : 12);
  const duration = long ? header.uint64(24) : header.uint32(16);
  const unknown = duration === (long ? 2 ** 64 : 2 ** 32 - 1);
  return { timescale, seconds: unknown ? null : secondsOf(duration, timescale) };
}

/** `null` for what cannot be a duration: nothing, or counted in no unit. */
export function secondsOf(ticks: number, timescale: number): number | null {
  return ticks > 0 && timescale > 0 ? ticks / timescale : null;
}

function parseDefaults(mvex: Box): ReadonlyMap<number, SampleDefaults> {
  const defaults = new Map<number, SampleDefaults>();
  for (const trex of mvex.children('trex')) {
    defaults.set(trex.uint32(4), { ticks: trex.uint32(12), bytes: trex.uint32(16) });
    if (defaults.size > MAX_TRACKS) throw new Malformed(`it has more than ${MAX_TRACKS} tracks`);
  }
  return defaults;
}

function announcedSeconds(mehd: Box | undefined, timescale: number): number | null {
  if (mehd === undefined) return null;
  const long = mehd.version === 1;
  const duration = long ? mehd.uint64(4) : mehd.uint32(4);
  return duration === (long ? 2 ** 64 : 2 ** 32 - 1) ? null : secondsOf(duration, timescale);
}
