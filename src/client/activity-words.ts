import type { Activities } from '../activities/index.js';

const WORDS: Readonly<Record<keyof Activities, string>> = {
  checkRequest: 'check of its request',
  submitVideo: 'submit',
  pollVideo: 'poll',
  inspectJob: 'look at a job',
  earlierJobs: 'look for the jobs before the reset',
  downloadVideo: 'download',
  discardDownload: 'tidying up after its download',
  cancelRun: 'cancel',
};

/** What an activity does, for people who do not know its name. */
export function activityInWords(name: string): string {
  return Object.hasOwn(WORDS, name) ? WORDS[name as keyof Activities] : `activity ${name}`;
}
