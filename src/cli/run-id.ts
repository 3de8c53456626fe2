import { runIdProblem } from '../contract/run-id.js';
import { Argument, InvalidArgumentError } from './typed-commander.js';

/** What can be no id at all is told before anybody is asked. */
function runId(text: string): string {
  const problem = runIdProblem(text);
  if (problem !== null) throw new InvalidArgumentError(`It ${problem}.`);
  return text;
}

export function idArgument() {
  return new Argument('<id>', 'the id of the run').argParser(runId);
}
