import { LIMITS } from '../contract/limits.js';
import { Argument, InvalidArgumentError } from './typed-commander.js';

/** What can be no id at all is told before anybody is asked. */
function runId(text: string): string {
  if (text.trim() === '') throw new InvalidArgumentError('It is empty.');
  if (Buffer.byteLength(text) > LIMITS.runIdBytes)
    throw new InvalidArgumentError(`It is longer than ${LIMITS.runIdBytes} bytes.`);
  return text;
}

export function idArgument() {
  return new Argument('<id>', 'the id of the run').argParser(runId);
}
