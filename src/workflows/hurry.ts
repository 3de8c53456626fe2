import type { CarriedState } from './carried-state.js';

/** Sooner looks than a slow schedule has, in turn, after an event that its poll did not confirm: the provider's own books may lag. */
const AFTER_EVENT_MS = [10_000, 30_000, 60_000];

/** Events come in bursts, and repeat: no two polls that they hurry come closer. */
const BETWEEN_MS = 10_000;

/** What a run takes along of it when it continues as new. */
export type CarriedHurry = Pick<CarriedState, 'afterEventMs' | 'hurriedPolls' | 'nextHurryAt'>;

/** What provider events do to the schedule of polls: some come sooner, and these stand beside the schedule. */
export class Hurry {
  private afterEventMs: readonly number[];
  private nextAt: number;
  private count: number;
  private next = false;

  constructor(carried: CarriedHurry | undefined) {
    this.afterEventMs = carried?.afterEventMs ?? [];
    this.nextAt = carried?.nextHurryAt ?? 0;
    this.count = carried?.hurriedPolls ?? 0;
  }

  /** Whether the next poll is not the schedule's: it takes nothing from what the schedule may do, nor from the patience with 404s. */
  get isNext(): boolean {
    return this.next;
  }

  /** Polls that events have caused. */
  get polls(): number {
    return this.count;
  }

  /** The time until the next poll, where the schedule has `intervalMs`; and whether it is the last sooner look for now. */
  shortened(intervalMs: number): { readonly intervalMs: number; readonly isLastLook: boolean } {
    const [soonMs = Infinity, ...later] = this.afterEventMs;
    this.afterEventMs = later;
    this.next = soonMs < intervalMs;
    return { intervalMs: Math.min(intervalMs, soonMs), isLastLook: soonMs !== Infinity && later.length === 0 };
  }

  /** When a poll that an event asks for may come: soon, but no later than it is due by the schedule. */
  earliestAt(notBefore: number, dueAt: number): number {
    return Math.min(Math.max(notBefore, this.nextAt), dueAt);
  }

  /** An event's poll comes now, before or when one was due anyway. */
  begin(dueAt: number): void {
    this.next ||= Date.now() < dueAt;
    this.nextAt = Date.now() + BETWEEN_MS;
    this.afterEventMs = AFTER_EVENT_MS;
  }

  polled(): void {
    if (this.next) this.count++;
  }

  carry(): CarriedHurry {
    return { afterEventMs: this.afterEventMs, hurriedPolls: this.count, nextHurryAt: this.nextAt };
  }
}
