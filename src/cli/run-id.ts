import { Argument, InvalidArgumentError } from './typed-commander.js';

/** Temporal's own limit. */
export const MAX_ID_BYTES = 1_000;

/** What can be no id at all is told before anybody is asked. */
function runId(text: string): string {
  if (text.trim() === '') throw new InvalidArgumentError('It is empty.');
  if (Buffer.byteLength(text) > MAX_ID_BYTES)
    throw new InvalidArgumentError(`It is longer than ${MAX_ID_BYTES} bytes.`);
  return text;
}

export function idArgument() {
  return new Argument('<id>', 'the id of the run').argParser(runId);
}
