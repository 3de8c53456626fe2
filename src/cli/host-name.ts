import { InvalidArgumentError } from './typed-commander.js';

/** Nothing at all would be every address of the machine, which nobody means. */
export function hostName(text: string): string {
  if (text.trim() === '') throw new InvalidArgumentError('It is empty.');
  return text;
}
