import { InvalidArgumentError } from './typed-commander.js';

export function wholeNumber(text: string): number {
  const value = Number(text);
  if (!/^-?\d+$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  if (!Number.isSafeInteger(value)) throw new InvalidArgumentError('It is too large a number.');
  return value;
}

export function positiveNumber(text: string): number {
  const value = wholeNumber(text);
  if (value < 1) throw new InvalidArgumentError('It must be a whole number above zero.');
  return value;
}

export function portNumber(text: string): number {
  const value = wholeNumber(text);
  if (value < 0 || value > 65_535) throw new InvalidArgumentError('It must be a port: 0 to 65535.');
  return value;
}

export function dollarAmount(text: string): number {
  const value = Number(text);
  if (!/^\d*\.?\d+$/.test(text) || !Number.isFinite(value)) {
    throw new InvalidArgumentError('It must be an amount in US dollars, such as 0.50.');
  }
  return value;
}
