import { Malformed } from './malformed.js';

/** How often a box may be looked at, inside one top-level box. A movie of a thousand tracks needs two fifths of it. */
const BOXES = 50_000;
/** More than twice as many entries as fit into the largest box that is kept, 24 MiB, at four bytes each. */
const ENTRIES = 2 ** 24;

/** Bounds the time that one top-level box can cost, whatever its bytes say: it is read in one go, and all else waits. */
export class ReadingAllowance {
  private boxes = BOXES;
  private entries = ENTRIES;

  constructor(private readonly type: string) {}

  /** @throws Malformed */
  spendBox(): void {
    this.boxes -= 1;
    if (this.boxes < 0) throw new Malformed(`its ${this.type} box has too many boxes inside`);
  }

  /** @throws Malformed */
  spendEntries(count: number): void {
    this.entries -= count;
    if (this.entries < 0) throw new Malformed(`its ${this.type} box has tables with too many entries`);
  }
}
