import { EndsEarly, Malformed } from './malformed.js';

/** Two numbers each: 16 MB at most. */
const MAX_RUNS = 1_000_000;
/** Samples lie one after another, so that a search is seldom; one costs as much as reading a hundred numbers. */
const MAX_SEARCHES = 50_000;

/** Some tracks have boxes of their own, which take turns. */
const NEXT_FEW = 4;

/** Where the file's media bytes lie (its `mdat` payloads), and where its tables say that they lie. */
export class MediaData {
  /** Start and end of each payload, ascending, because a file is read from front to back. */
  private readonly starts: number[] = [];
  private readonly ends: number[] = [];
  private readonly runStarts: number[] = [];
  private readonly runEnds: number[] = [];
  private lastFound = 0;
  private searches = 0;

  get isEmpty(): boolean {
    return this.starts.length === 0;
  }

  addPayload(start: number, end: number): void {
    this.starts.push(start);
    this.ends.push(end);
  }

  /** Notes what a fragment refers to; its bytes usually come after it. */
  expectRun(start: number, end: number): void {
    const last = this.runEnds.length - 1;
    if (last >= 0 && this.runEnds[last] === start) {
      this.runEnds[last] = end;
      return;
    }
    if (this.runStarts.length >= MAX_RUNS) throw new Malformed(`it has more than ${MAX_RUNS} scattered sample runs`);
    this.runStarts.push(start);
    this.runEnds.push(end);
  }

  /** @throws Malformed - a fragment refers to bytes that are not there */
  checkRuns(): void {
    for (const [index, start] of this.runStarts.entries()) this.mustHold(start, this.runEnds[index] ?? start);
  }

  /** @throws Malformed - a sample lies outside the media data that is there */
  mustHold(start: number, end: number): void {
    // No file goes where numbers are rounded, and there even a sample of some bytes seems to have none.
    const isInReach = Number.isSafeInteger(start) && Number.isSafeInteger(end);
    if (isInReach && (end <= start || this.holds(start, end))) return;
    const Problem = isInReach && end > (this.ends.at(-1) ?? 0) ? EndsEarly : Malformed;
    throw new Problem('its tables point to samples that are not in the file');
  }

  private holds(start: number, end: number): boolean {
    for (let index = this.lastFound; index <= this.lastFound + NEXT_FEW; index++) {
      if (!this.within(index, start, end)) continue;
      this.lastFound = index;
      return true;
    }
    this.lastFound = this.payloadBefore(start);
    return this.within(this.lastFound, start, end);
  }

  private within(index: number, start: number, end: number): boolean {
    const payloadStart = this.starts[index];
    const payloadEnd = this.ends[index];
    return payloadStart !== undefined && payloadEnd !== undefined && start >= payloadStart && end <= payloadEnd;
  }

  /** The last payload that starts at or before `offset`. */
  private payloadBefore(offset: number): number {
    this.searches += 1;
    if (this.searches > MAX_SEARCHES) throw new Malformed('its tables lead to and fro between too many mdat boxes');
    let low = 0;
    let high = this.starts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.starts[middle] ?? Number.POSITIVE_INFINITY) <= offset) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  }
}
