import { DEFAULT_TASK_QUEUE } from './names.js';

/**
 * The commands that messages tell people to run. A job id or an output key may hold anything, so each word is quoted for
 * a POSIX shell unless it is plain.
 */
export function shellWord(word: string): string {
  return /^[A-Za-z0-9._/:@%+=,][A-Za-z0-9._/:@%+=,-]*$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** An option's value; `=` keeps a value that begins with a dash from being read as another option. */
function option(name: string, value: string): string {
  return value.startsWith('-') ? `--${name}=${shellWord(value)}` : `--${name} ${shellWord(value)}`;
}

/** An operand; `--` keeps an id that begins with a dash from being read as an option. */
function operand(value: string): string {
  return value.startsWith('-') ? `-- ${shellWord(value)}` : shellWord(value);
}

/** Saves a job that exists at the provider, whoever submitted it. `overwrite` is said of `output`, where that is given. */
export function adoptCommand(jobId: string, output: string | null, overwrite = false): string {
  if (output === null) return `longtake adopt ${operand(jobId)}`;
  return `longtake adopt ${option('output', output)}${overwrite ? ' --overwrite' : ''} ${operand(jobId)}`;
}

/** The same for one output of several: by the key of a further one the first would be saved. */
export function adoptOutputCommand({ jobId, index, key, overwrite }: SavedOutput): string {
  return adoptCommand(jobId, index === 0 ? key : null, overwrite);
}

export interface SavedOutput {
  readonly jobId: string;
  readonly index: number;
  readonly key: string;
  readonly overwrite: boolean;
}

/** The three answers to a run that awaits a decision. */
export function resolveCommands(workflowId: string): readonly [adopt: string, resubmit: string, abandon: string] {
  const id = operand(workflowId);
  return [
    `longtake resolve --adopt JOB_ID ${id}`,
    `longtake resolve --resubmit ${id}`,
    `longtake resolve --abandon ${id}`,
  ];
}

export function cancelCommand(workflowId: string): string {
  return `longtake cancel ${operand(workflowId)}`;
}

/** In front of a command that is to serve a task queue, where it is not the default one. */
export function taskQueueSetting(taskQueue: string): string {
  return taskQueue === DEFAULT_TASK_QUEUE ? '' : `LONGTAKE_TASK_QUEUE=${shellWord(taskQueue)} `;
}

export function waitCommand(workflowId: string): string {
  return `longtake wait ${operand(workflowId)}`;
}

export function statusCommand(workflowId: string): string {
  return `longtake status ${operand(workflowId)}`;
}
