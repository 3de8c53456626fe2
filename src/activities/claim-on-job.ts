import { adoptCommand } from '../contract/commands.js';
import type { Owner } from './deps.js';

/** What speaks against it that a run takes a job for its own. */
export interface Claim {
  /** A whole sentence, for a person. */
  readonly reason: string;
  /** It is another run's: looking again cannot change it. */
  readonly final: boolean;
  /** Where it is not proven whose it is: which run has it, and how that stands. */
  readonly holder?: string;
}

/** A message has room for as many runs. */
const NAMED = 3;
const STANDS = {
  saved: 'has saved its video',
  open: 'is saving its video',
  over: 'ended without its video',
} as const satisfies Record<Owner['stands'], string>;

/** By the other runs that have it; `null` if none claims it. One that adopted it, and ended without its video, does not. */
export function claimOn(jobId: string, owners: readonly Owner[]): Claim | null {
  const submitter = standing(owners.filter(({ origin }) => origin === 'submitted'));
  if (submitter !== null) {
    const reason = `Job ${jobId} belongs to the run ${submitter.words}; this run goes on waiting for its own.`;
    const rescue = submitter.stands === 'over' ? ` To save that video too: ${adoptCommand(jobId, null)}` : '';
    return { reason: reason + rescue, final: true };
  }
  const unread = standing(owners.filter(({ origin }) => origin === 'unread'));
  if (unread !== null) {
    const holder = `the run ${unread.words}, and what it recorded cannot be read`;
    const reason = `Job ${jobId} may be this run’s, or that of ${holder}: look at that run before you answer.`;
    return { reason, final: false, holder };
  }
  const saver = standing(owners.filter(({ stands }) => stands !== 'over'));
  if (saver === null) return null;
  const holder = `the run ${saver.words}`;
  const then = saver.stands === 'saved' ? 'if' : 'once it has, and if';
  const reason = `Job ${jobId} may be this run’s, and is in the hands of ${holder}: ${then} you need no other video, abandon this run.`;
  return { reason, final: false, holder };
}

interface Standing {
  readonly words: string;
  readonly stands: Owner['stands'];
}

/** Of those that are nearest to the video, since any of them may save it for all. */
function standing(owners: readonly Owner[]): Standing | null {
  const stands = (['saved', 'open', 'over'] as const).find((best) => owners.some((owner) => owner.stands === best));
  if (stands === undefined) return null;
  const ids = new Set(owners.filter((owner) => owner.stands === stands).map(({ workflowId }) => workflowId));
  return { words: `${[...ids].slice(0, NAMED).join(', ')}, which ${STANDS[stands]}`, stands };
}
