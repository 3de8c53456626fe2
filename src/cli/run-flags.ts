import { Option } from './typed-commander.js';

/** What `generate` and `adopt` share. Durations are as in the contract: `"500ms"`, `"10s"`, `"30m"`. */
export interface RunFlags {
  readonly output?: string | undefined;
  readonly overwrite?: true | undefined;
  readonly id?: string | undefined;
  readonly timeout?: string | undefined;
  readonly pollInterval?: string | undefined;
  readonly onCancel?: 'abandon' | 'settle' | undefined;
  readonly tenant?: string | undefined;
  readonly detach?: true | undefined;
  readonly json?: true | undefined;
  readonly local?: true | undefined;
  readonly simulatedGeneration?: string | undefined;
}

export const outputOption = new Option(
  '-o, --output <key>',
  'where to save it, below the storage root (default: <id>.mp4)',
);
export const overwriteOption = new Option('--overwrite', 'replace what is there');
export const idOption = new Option('--id <id>', 'a name for the run; the same one again never starts a second job');
export const timeoutOption = new Option(
  '--timeout <duration>',
  'give up on the job after this long, e.g. 45m (default: 30m)',
);
export const pollIntervalOption = new Option(
  '--poll-interval <duration>',
  'time before the first look; it grows to 30s, a longer one stays as it is (default: 10s)',
);
export const onCancelOption = new Option(
  '--on-cancel <mode>',
  'what a cancel does: close at once, or follow the job for its final cost',
).choices(['abandon', 'settle']);
export const tenantOption = new Option('--tenant <name>', 'whom it is for: a name of your own to find the run by');
export const detachOption = new Option('--detach', 'start, print the id, and do not wait');
export const jsonOption = new Option('--json', 'print one JSON document on standard output');
export const localOption = new Option('--local', 'bring Temporal and a worker along; nothing else has to run');
export const simulatedGenerationOption = new Option('--simulated-generation <duration>').hideHelp();
