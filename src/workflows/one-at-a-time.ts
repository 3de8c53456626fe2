import { goesBy } from './changes.js';

/** Of this run, as is all in its modules. */
let last: Promise<unknown> = Promise.resolve();

/**
 * Looks at the provider and at Temporal, in the order in which they are asked for. Two local activities that end in one workflow
 * task, one after the other, end at once in a replay, which then finds the run otherwise than what followed the first one did
 * (docs/decisions/0018-changes-at-the-start.md).
 */
export function oneAtATime<T>(look: () => Promise<T>): Promise<T> {
  if (!goesBy('looks-one-at-a-time')) return look();
  const turn = last.then(look);
  last = turn.catch(() => undefined);
  return turn;
}
