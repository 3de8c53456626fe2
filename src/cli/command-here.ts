import { startedByNpm } from '../config.js';

/**
 * A command as it can be typed in the terminal that started this one: npm puts `longtake` on the PATH of what it runs
 * (`npx longtake`, `npm start`), and of nothing else.
 */
export function commandHere(command: string): string {
  return startedByNpm() ? `npx ${command}` : command;
}
