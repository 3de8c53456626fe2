import { appendFileSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Job } from './job.js';

/** The accepted jobs, in a file that several simulators may share and that outlives them all. */
export interface Journal {
  /** On the disk when it returns. */
  append(job: Job): void;
  read(): Job[];
}

export class JournalError extends Error {
  constructor(
    file: string,
    /** Without the file and the advice. */
    readonly reason: string,
    cause: unknown,
  ) {
    super(`The simulator cannot use its journal ${file}: ${reason}. Give a file that it may write.`, { cause });
  }
}

/** @throws JournalError - the file cannot be used; the message says why */
export function openJournal(path: string): Journal {
  const file = resolve(path);
  const journal: Journal = {
    append(job) {
      // The newline in front ends a line that a killed simulator may have left torn.
      appendFileSync(file, `\n${JSON.stringify(job)}\n`, { mode: 0o600 });
    },
    read() {
      return parseJobs(readFileSync(file, 'utf8'));
    },
  };
  try {
    mkdirSync(dirname(file), { recursive: true });
    appendFileSync(file, '', { mode: 0o600 });
    if (isForeign(readFileSync(file, 'utf8'))) throw new Error('it holds something else than a journal');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new JournalError(file, reason, error);
  }
  return journal;
}

/** Whether it is the file of somebody who would miss it. A journal begins as its first line does, also where that was torn. */
function isForeign(text: string): boolean {
  return text.trim() !== '' && !text.startsWith('\n{') && parseJobs(text).length === 0;
}

function parseJobs(text: string): Job[] {
  return text.split('\n').flatMap(parseLine);
}

/** A line that is no job (blank, or torn by a kill) is skipped. */
function parseLine(line: string): Job[] {
  if (line === '') return [];
  try {
    const value: unknown = JSON.parse(line);
    return isJob(value) ? [value] : [];
  } catch {
    return [];
  }
}

function isJob(value: unknown): value is Job {
  if (typeof value !== 'object' || value === null) return false;
  const { id, generationId, model, request, createdAt, generationMs, video } = value as Partial<
    Record<keyof Job, unknown>
  >;
  return (
    [id, generationId, model, createdAt].every((text) => typeof text === 'string') &&
    typeof generationMs === 'number' &&
    [request, video].every((object) => typeof object === 'object' && object !== null)
  );
}
