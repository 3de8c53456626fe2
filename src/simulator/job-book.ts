import type { Job } from './job.js';
import { openJournal } from './journal.js';

/** All jobs this simulator can answer for. */
export interface JobBook {
  /** Kept, in the journal too when there is one, when it returns. */
  add(job: Job): void;
  find(id: string): Job | undefined;
  /** Oldest first. */
  all(): readonly Job[];
}

/** Without a journal the jobs live as long as the process. */
export function openJobBook(journalPath: string | undefined): JobBook {
  const journal = journalPath === undefined ? null : openJournal(journalPath);
  const jobs = new Map<string, Job>();
  const refresh = (): void => {
    for (const job of journal?.read() ?? []) if (!jobs.has(job.id)) jobs.set(job.id, job);
  };
  refresh();
  return {
    add(job) {
      journal?.append(job);
      jobs.set(job.id, job);
    },
    find(id) {
      if (!jobs.has(id)) refresh(); // another simulator on the same journal may have accepted it
      return jobs.get(id);
    },
    all() {
      refresh();
      return [...jobs.values()].sort((a, b) => a.createdAt.localeCompare(b.createdAt));
    },
  };
}
