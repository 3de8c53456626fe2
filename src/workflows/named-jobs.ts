import { goesBy } from './changes.js';
import { jobEnd } from './job-ends.js';
import { lookAt, type Kin } from './look-at-job.js';
import type { Decision, VideoRun } from './video-run.js';

/** How long an event's job is looked at again when it could not be read: 20 tries, half a minute apart. */
const LOOK_AGAIN_MS = 30_000;
const LOOKS = 20;

/** What is in doubt while a job is looked for. */
export interface Doubt {
  /** One submit is in doubt, and not more. */
  readonly isOnly: boolean;
  readonly kin: Kin;
}

/** The jobs that provider events named, and what looking at them has shown so far. */
export class NamedJobs {
  /** They came of one of several submits, and are of no use: the run would end with one while another one's video waits. */
  private readonly leftToPerson = new Map<string, string>();
  private readonly toldOf = new Set<string>();
  /** The answer that would pay again, and the jobs that were looked at since. */
  private readonly before: { answer: Decision | null; readonly looked: Set<string> } = {
    answer: null,
    looked: new Set(),
  };

  constructor(
    private readonly run: VideoRun,
    private readonly doubt: Doubt,
  ) {
    run.hinted.startOver();
  }

  hasNew(): boolean {
    return this.toLookAt().some((jobId) => this.looksAt(jobId) === 0);
  }

  /** Before the request is sent again each is looked at once more. */
  toLookAt(): string[] {
    const { run } = this;
    const decision = run.decided();
    if (run.isCancelled() || (decision !== null && decision.action !== 'resubmit')) return [];
    const open = run.hinted.candidates.filter((jobId) => !this.leftToPerson.has(jobId));
    if (decision === null) return open.filter((jobId) => this.looksAt(jobId) < LOOKS);
    return open.filter((jobId) => this.looksAt(jobId) === 0 || !this.isLookedAtSince(decision, jobId));
  }

  private isLookedAtSince(answer: Decision, jobId: string): boolean {
    if (this.before.answer !== answer) {
      this.before.answer = answer;
      this.before.looked.clear();
    }
    return this.before.looked.has(jobId) || !goesBy('keeps-named-jobs');
  }

  hasUntold(): boolean {
    return this.run.hinted.candidates.some((jobId) => !this.toldOf.has(jobId));
  }

  /** One look at each job that may be the run's: one that is not to be had must not hold up the right one. */
  async adoptOne(): Promise<Decision | null> {
    const { run, doubt } = this;
    for (const jobId of this.toLookAt()) {
      if (!this.toLookAt().includes(jobId)) continue;
      const isHeldBack = run.hinted.heldBackUntil(jobId) > Date.now();
      const inspection = await lookAt(run, { jobId, kin: doubt.kin });
      this.looked(jobId, isHeldBack);
      if (!inspection.adoptable) {
        if (inspection.final) run.hinted.forget(jobId);
        continue;
      }
      const { status } = inspection.job;
      if (doubt.isOnly || isOfUse(status)) return { action: 'adopt', jobId, providerStatus: status };
      this.leftToPerson.set(jobId, status);
    }
    return null;
  }

  /** What a person must know of them who has the request sent again. */
  told(): string {
    const { candidates } = this.run.hinted;
    for (const jobId of candidates) this.toldOf.add(jobId);
    const known = candidates.map((jobId) => this.whatIsKnownOf(jobId));
    const unread = candidates.filter((_, index) => known[index] === '');
    return known.join('') + (unread.length === 0 ? '' : notReadYet(unread));
  }

  private whatIsKnownOf(jobId: string): string {
    const status = this.leftToPerson.get(jobId);
    if (status !== undefined) return ` One of them led to job ${jobId}, which the provider calls ${status}.`;
    const held = this.run.hinted.holders.get(jobId);
    return held === undefined ? '' : ` The provider told of a job that another run has. ${held.reason}`;
  }

  /** Half a minute, or as long as the provider asks to wait with each of them. */
  lookAgainAfterMs(): number {
    const heldBackMs = this.toLookAt().map((jobId) => this.run.hinted.heldBackUntil(jobId) - Date.now());
    return Math.max(LOOK_AGAIN_MS, Math.min(...heldBackMs));
  }

  private looksAt(jobId: string): number {
    return this.run.hinted.looks.get(jobId) ?? 0;
  }

  /** A look that was not made takes none from how many there may be, but is the look before the request is sent again. */
  private looked(jobId: string, isHeldBack: boolean): void {
    const looks = isHeldBack ? Math.max(1, this.looksAt(jobId)) : this.looksAt(jobId) + 1;
    this.run.hinted.looks.set(jobId, looks);
    this.before.looked.add(jobId);
    if (looks === LOOKS) this.run.forgetEvents();
  }
}

function notReadYet(jobIds: readonly string[]): string {
  return ` The provider told of job ${jobIds.join(', ')}, which could not be read yet: before you have the request sent again, try to adopt it.`;
}

function isOfUse(status: string): boolean {
  const end = jobEnd(status);
  return end === undefined || end === 'saved';
}
