import { log } from '@temporalio/workflow';
import type { PollAnswer } from '../openrouter/answers.js';

/** What polls meet instead of an answer, such as `denied 401`; `null`: nothing of the kind. */
export type PollTroubleKind = string | null;

/**
 * Tells the worker's log when polls begin to meet trouble, when it becomes another, and when it is over. Not once a poll:
 * a provider that is down for hours would bury every other line. Log lines make no commands.
 */
export class PollTrouble {
  constructor(private kind_: PollTroubleKind) {}

  get kind(): PollTroubleKind {
    return this.kind_;
  }

  note(answer: PollAnswer, jobId: string, polls: number): void {
    const kind = kindOf(answer);
    if (kind === this.kind_) return;
    this.kind_ = kind;
    if (answer.outcome === 'job') log.info('polls are answered again', { jobId, polls });
    else log.warn(`polls meet trouble: ${answer.message}`, { jobId, polls, trouble: kind });
  }
}

/** Without the words, which may be others each time. */
function kindOf(answer: PollAnswer): PollTroubleKind {
  switch (answer.outcome) {
    case 'job':
      return null;
    case 'missing':
      return 'missing 404';
    case 'denied':
      return `denied ${answer.httpStatus}`;
    case 'trouble':
      return answer.httpStatus === null ? 'no answer' : `trouble ${answer.httpStatus}`;
  }
}
