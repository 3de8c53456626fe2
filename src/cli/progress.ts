import type { RunStatus, Transfer } from '../client/index.js';
import { commandHere } from './command-here.js';
import { say, setFooter, warn } from './output.js';
import { changeText, progressText } from './progress-text.js';
import { fit, isRich } from './terminal.js';

/** A terminal that does not say how wide it is. */
const UNTOLD_COLUMNS = 80;

const REDRAW_MS = 250;
/** A worker takes up a new run within a second; after this long there probably is none. */
const NO_WORKER_MS = 10_000;

export interface ProgressOptions {
  readonly startedAt: Date;
  /** Nothing but the line on a terminal: the caller reads JSON. */
  readonly quiet: boolean;
  /** Whether somebody else has to run a worker. */
  readonly needsWorker: boolean;
  /** How long the run polls for; `null` where that cannot be known. Never rejects. */
  readonly pollingTimeout: () => Promise<number | null>;
}

/** Shows a run while it goes on: one line that is rewritten on a terminal, else a line for each change. */
export class Progress {
  private status: RunStatus | null = null;
  private timeoutMs: number | null = null;
  private shown = '';
  private firstTransfer: { readonly at: number; readonly bytes: number } | null = null;
  private readonly timers: NodeJS.Timeout[] = [];

  constructor(private readonly options: ProgressOptions) {
    if (isRich(process.stderr)) {
      this.redraw();
      void options.pollingTimeout().then((timeoutMs) => (this.timeoutMs = timeoutMs));
      this.timers.push(setInterval(this.redraw, REDRAW_MS));
    }
    if (options.needsWorker && !options.quiet) this.timers.push(setTimeout(this.askForWorker, NO_WORKER_MS));
  }

  update(status: RunStatus): void {
    this.status = status;
    this.firstTransfer =
      status.transfer === null ? null : (this.firstTransfer ?? { at: Date.now(), bytes: status.transfer.bytes });
    if (isRich(process.stderr)) this.redraw();
    else if (!this.options.quiet && isUnderWay(status)) this.sayChange(changeText(status));
  }

  stop(): void {
    for (const timer of this.timers) clearInterval(timer);
    setFooter('');
  }

  private readonly redraw = (): void => {
    const now = Date.now();
    const { status, timeoutMs } = this;
    const elapsedMs = now - this.options.startedAt.getTime();
    const bytesPerSecond = this.rate(status?.transfer ?? null, now);
    const text = progressText({ status, elapsedMs, timeoutMs, now, bytesPerSecond });
    setFooter(fit(text, (process.stderr.columns || UNTOLD_COLUMNS) - 1));
  };

  private readonly askForWorker = (): void => {
    const { status } = this;
    if (status !== null && (status.state !== 'validating' || status.error !== null)) return;
    warn(`Nothing has happened yet. Is a worker running? To start one: ${commandHere('longtake worker')}`);
  };

  private sayChange(text: string): void {
    if (text !== this.shown) say(text);
    this.shown = text;
  }

  private rate(transfer: Transfer | null, now: number): number | null {
    const first = this.firstTransfer;
    if (transfer === null || first === null || transfer.bytes === first.bytes) return null;
    return (1_000 * (transfer.bytes - first.bytes)) / Math.max(1, now - first.at);
  }
}

/** Ends, and the question to a person, are told apart from the progress, in full. */
function isUnderWay({ state }: RunStatus): boolean {
  return ['validating', 'submitting', 'generating', 'downloading'].includes(state);
}
