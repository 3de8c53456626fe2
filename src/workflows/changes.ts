import { patched, workflowInfo } from '@temporalio/workflow';

/**
 * Changes of this code that runs already under way must not meet in their middle, and what runs without them did: by the marker
 * that stands for them in a history, and for all below it: the newest first. A change that comes after a release begins a marker
 * of its own.
 */
export const CHANGES = {
  'looks-are-activities': [
    // looked at jobs by local activities, whose ends a replay may find elsewhere among signals and answers
    'looks-by-activity',
    // had themselves cancelled by a local activity, beside a poll whose end a replay may find elsewhere
    'cancels-by-activity',
    // took what had turned up after a reset for another run's where the run before the reset had it, and ended without a word on it
    'knows-its-jobs-before-reset',
    // worded its end before its last look had ended
    'tells-all-at-its-end',
    // marked with their own id what they did because they were reset, which a run that they were reset to in turn did not know
    'marks-every-reset-alike',
  ],
  'decides-at-its-start': [
    // kept a doubt that was over when somebody answered the question about it
    'clears-what-was-answered',
    // paid again without a word on a job from before a reset that could not be looked up, or that it learned of while somebody answered
    'tells-of-earlier-jobs-first',
    // looked at several jobs at once, which a replay may take for another order
    'looks-one-at-a-time',
    // took what is replayed of the run before a reset for their own, and went another way than it had gone
    'knows-where-it-was-reset',
  ],
} as const;

/** Changes from before runs decided at their start, and what runs without them did. There will be no more of these. */
export const EARLIER_CHANGES = [
  // paid by the price of their start, however long they had waited
  'checks-again',
  // went by whatever plan they were given by hand
  'refuses-given-plans',
  // took a submit that was cancelled for one that had sent nothing
  'doubts-a-cancelled-submit',
  // had the request sent again although an event had named a job meanwhile
  'stops-for-its-job',
  // told only of one of the jobs that had turned up without any submit in doubt
  'tells-of-jobs-beside-the-adopted',
  // took no notice of events for another job than the one they follow
  'looks-at-other-jobs',
  // forgot a job that could not be read in the moment in which it was looked at
  'tells-of-unread-jobs',
  // forgot a job that the provider did not know yet
  'tells-of-missing-jobs',
  // had named jobs on no record, and did not look at them again before they paid again
  'keeps-named-jobs',
  // had a job that they learned of beside their own on no record
  'records-other-jobs',
  // took a job for theirs that an event had named before they had sent anything
  'sets-early-jobs-aside',
  // did not tell of a job that the run before them on a cron schedule had learned of too late
  'tells-of-jobs-of-before',
  // had the request sent again while a job that a person had named was still looked at
  'pays-after-other-answers',
  // that were reset into their question did not look at what came of it before the reset
  'looks-back-after-reset',
  // went on asking when the job that they asked about had shown to be another run's
  'lets-go-of-other-jobs',
  // let go of a question, and of an answer that had come to it meanwhile
  'hears-answers-first',
  // sent a request while the signal to cancel was on its way to the server and back
  'pays-nothing-after-cancel',
  // that were cancelled, and settle, stayed in the history in which they were
  'settles-in-new-history',
  // gave up all further outputs with the first that could not be had
  'tries-every-output',
  // gave them up where the first could not be stored
  'tries-every-output-after-storage-failed',
  // gave them up where the first was refused
  'tries-every-output-after-a-refusal',
] as const;

type Marker = keyof typeof CHANGES;
type Change = (typeof CHANGES)[Marker][number] | (typeof EARLIER_CHANGES)[number];

export const MARKERS = Object.keys(CHANGES) as readonly Marker[];
const earlier: ReadonlySet<string> = new Set(EARLIER_CHANGES);
/** Of this run: each workflow has modules of its own. */
let decided: ReadonlySet<string> = new Set();

/**
 * A run's first line. Asked only when its moment comes, `patched` can answer a replay otherwise than it did the run: behind a
 * local activity its marker may stand in a later workflow task than the activity's, which a replay has not read yet
 * (docs/decisions/0018-changes-at-the-start.md).
 */
export function decideChanges(): void {
  const newest = MARKERS.findIndex((marker) => patched(marker));
  const known = newest === -1 ? [] : MARKERS.slice(newest);
  decided = new Set(known.flatMap((marker) => [marker, ...CHANGES[marker]]));
}

/** Whether this run goes by a change. */
export function goesBy(change: Change): boolean {
  if (!earlier.has(change)) return decided.has(change);
  return decided.has('decides-at-its-start') || patched(change);
}

/**
 * Whether this run does something that the run before its reset did not do. While that one's history is replayed the run's id is
 * the new one already, and only what has been recorded behind a reset tells them apart. A run that is reset once more goes the way of both. Not to be asked behind a
 * local activity.
 */
export function isBehindReset(): boolean {
  if (!goesBy('knows-where-it-was-reset')) return true;
  return patched(goesBy('marks-every-reset-alike') ? 'behind-reset' : `reset-to-${workflowInfo().runId}`);
}
