import { goesBy } from './changes.js';

/** Of this run, as is all in its modules. */
let last: Promise<unknown> = Promise.resolve();

/**
 * Polls and looks in the order in which they are asked for, in histories where looks are local activities: two of those that end in
 * one workflow task, one after the other, end at once in a replay (docs/decisions/0018-changes-at-the-start.md).
 */
export function oneAtATime<T>(look: () => Promise<T>): Promise<T> {
  if (!goesBy('looks-one-at-a-time') || goesBy('looks-by-activity')) return look();
  const turn = last.then(look);
  last = turn.catch(() => undefined);
  return turn;
}
