import { Box } from './box.js';
import { checkBrands } from './brands.js';
import { describeFirstBytes, FIRST_BYTES } from './first-bytes.js';
import { sampleRuns } from './fragment.js';
import { EndsEarly, Malformed } from './malformed.js';
import { MediaData } from './media-data.js';
import { parseMovie, secondsOf, type Movie, type Track } from './movie.js';
import { indexedEnd } from './segment-index.js';
import { TopLevelWalker, type TopLevelBox } from './top-level-walker.js';

/**
 * What is kept in memory to be read, in bytes. Media data is only counted. Ten hours of 60 frames a second need 17 MiB in one `moov`;
 * as much as is allowed here may be held once for every download under way.
 */
const KEPT_BYTES: Readonly<Record<string, number>> = {
  ftyp: 64 * 1024,
  moov: 24 * 1024 * 1024,
  moof: 4 * 1024 * 1024,
  sidx: 1024 * 1024,
};

/** Empty boxes that some writers leave in front of `ftyp`. */
const FILLERS = new Set(['free', 'skip', 'wide']);

/** Writers round durations, and count edits and priming samples differently. */
const ANNOUNCED_TOLERANCE_SECONDS = 0.25;

/**
 * `whole`: every byte that the file's own tables promise is there. Unknown facts are `null`; `codec` is the
 * four-character code of the video's sample entry (`avc1`, `hvc1`, `av01`, …), width and height are pixels before any rotation.
 */
export type Mp4Verdict =
  | {
      readonly whole: true;
      readonly durationSeconds: number | null;
      readonly width: number | null;
      readonly height: number | null;
      readonly codec: string | null;
      readonly hasAudio: boolean;
      readonly fragmented: boolean;
    }
  | {
      readonly whole: false;
      /** Completes the sentence "This is not a whole MP4 video: …". */
      readonly reason: string;
      /** Whether more bytes behind these could make a whole one. */
      readonly endsEarly: boolean;
    };

/**
 * Tells whether the bytes of a download are one whole MP4 video, while they stream by, however they are cut into chunks.
 * It judges structure, not pictures: damage inside the media data is for a checksum to find. What no table promises may be
 * missing at the end, as whole fragments or a last box; whether the last byte has come is for HTTP to tell.
 * Keeps the tables in memory and nothing else. Never throws.
 */
export class Mp4Probe {
  private readonly walker = new TopLevelWalker({
    opened: (box) => this.opened(box),
    closed: (box, payload) => {
      this.closed(box, payload);
    },
  });
  private readonly firstBytes = Buffer.alloc(FIRST_BYTES);
  private firstBytesFilled = 0;
  private readonly media = new MediaData();
  private readonly fragments = new Map<number, { ticks: number; bytes: number }>();
  private bytes = 0;
  private promisedEnd = 0;
  private hasFileType = false;
  private foreign = false;
  private movie: Movie | null = null;
  private verdict: Mp4Verdict | null = null;

  push(chunk: Uint8Array): void {
    this.bytes += chunk.length;
    this.keepFirst(chunk);
    if (this.verdict !== null || this.foreign) return;
    try {
      this.walker.push(chunk);
    } catch (error) {
      this.refuse(error);
    }
  }

  /** The verdict on all that was pushed. Call it once the last byte has come. */
  finish(): Mp4Verdict {
    if (this.bytes === 0) return { whole: false, reason: 'it is empty', endsEarly: true };
    if (this.verdict === null && !this.foreign) {
      try {
        this.verdict = this.judge();
      } catch (error) {
        this.refuse(error);
      }
    }
    // Worded only now, so that the same file gets the same words however its first bytes were cut.
    const foreign = { whole: false, reason: `it is ${describeFirstBytes(this.first())}`, endsEarly: false } as const;
    return this.verdict ?? foreign;
  }

  private keepFirst(chunk: Uint8Array): void {
    const part = chunk.subarray(0, FIRST_BYTES - this.firstBytesFilled);
    this.firstBytes.set(part, this.firstBytesFilled);
    this.firstBytesFilled += part.length;
  }

  private first(): Buffer {
    return this.firstBytes.subarray(0, this.firstBytesFilled);
  }

  private refuse(error: unknown): void {
    if (!this.hasFileType) this.foreign = true;
    else {
      const reason = error instanceof Malformed ? error.message : 'its tables cannot be read';
      this.verdict = { whole: false, reason, endsEarly: error instanceof EndsEarly };
    }
  }

  private opened(box: TopLevelBox): number {
    if (!this.hasFileType && box.type !== 'ftyp' && !FILLERS.has(box.type)) throw new Malformed('it has no ftyp box');
    this.hasFileType ||= box.type === 'ftyp';
    return KEPT_BYTES[box.type] ?? 0;
  }

  private closed(box: TopLevelBox, payload: Buffer): void {
    const { type } = box;
    if (type === 'ftyp') checkBrands(Box.topLevel(type, payload));
    if (type === 'moov') this.addMovie(Box.topLevel(type, payload));
    if (type === 'moof') this.addFragment(Box.topLevel(type, payload), box.start);
    if (type === 'mdat') this.media.addPayload(box.payloadStart, box.end);
    if (type === 'sidx')
      this.promisedEnd = Math.max(this.promisedEnd, indexedEnd(Box.topLevel(type, payload), box.end));
  }

  private addMovie(moov: Box): void {
    if (this.movie !== null) throw new Malformed('it has two moov boxes');
    this.movie = parseMovie(moov);
  }

  private addFragment(moof: Box, start: number): void {
    const defaults = this.movie?.fragmentDefaults;
    if (!defaults) throw new Malformed('it has a fragment that no moov box before it announces');
    for (const run of sampleRuns(moof, start, defaults)) {
      this.media.expectRun(run.start, run.end);
      const sum = this.fragments.get(run.trackId) ?? { ticks: 0, bytes: 0 };
      this.fragments.set(run.trackId, { ticks: sum.ticks + run.ticks, bytes: sum.bytes + run.end - run.start });
    }
  }

  private judge(): Mp4Verdict {
    const zeros = this.walker.finish();
    const { movie } = this;
    if (!this.hasFileType) throw new Malformed('it has no ftyp box');
    if (movie === null) throw new EndsEarly('it has no moov box, which says what is in it');
    // Padding is harmless behind a movie whose tables say all that there is; fragments could be missing where it stands.
    if (zeros > 0 && movie.fragmentDefaults !== null) {
      const Problem = zeros < 8 ? EndsEarly : Malformed;
      throw new Problem(`its last ${zeros} bytes are not a whole box`);
    }
    if (this.media.isEmpty) throw new EndsEarly('it has no mdat box, which holds pictures and sound');
    if (!movie.tracks.some(isVideo)) throw new Malformed('it has no video track');
    this.media.checkRuns();
    const tracks = movie.tracks.filter((track) => this.checkedBytes(track) > 0);
    const videos = tracks.filter(isVideo);
    const [video] = videos;
    if (video === undefined) throw new Malformed('its video track is empty');
    this.checkPromises(movie);
    return {
      whole: true,
      durationSeconds: longest(videos.map((track) => this.seconds(track, movie))) ?? movie.headerSeconds,
      width: video.width,
      height: video.height,
      codec: video.codec,
      hasAudio: tracks.some((track) => track.handler === 'soun'),
      fragmented: movie.fragmentDefaults !== null,
    };
  }

  private checkedBytes(track: Track): number {
    return track.samples.checkedBytes(this.media) + (this.fragments.get(track.id)?.bytes ?? 0);
  }

  /** The track's own length. With fragments the headers speak of the first part only, so the samples are counted. */
  private seconds(track: Track, movie: Movie): number | null {
    if (movie.fragmentDefaults === null) return track.headerSeconds;
    return secondsOf(track.samples.ticks() + (this.fragments.get(track.id)?.ticks ?? 0), track.timescale);
  }

  private checkPromises(movie: Movie): void {
    if (this.promisedEnd > this.bytes) {
      throw new EndsEarly(`it ends ${this.promisedEnd - this.bytes} bytes before the end of its last indexed segment`);
    }
    if (movie.announcedSeconds === null) return;
    const seconds = longest(movie.tracks.map((track) => this.seconds(track, movie))) ?? 0;
    if (seconds < movie.announcedSeconds - ANNOUNCED_TOLERANCE_SECONDS) {
      throw new EndsEarly(`it has ${seconds.toFixed(2)} of ${movie.announcedSeconds.toFixed(2)} seconds`);
    }
  }
}

function isVideo(track: Track): boolean {
  return track.handler === 'vide';
}

function longest(seconds: readonly (number | null)[]): number | null {
  const known = seconds.filter((value) => value !== null);
  return known.length === 0 ? null : Math.max(...known);
}
