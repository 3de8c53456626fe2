import { isDeepStrictEqual } from 'node:util';
import { dollars } from '../contract/dollars.js';
import type { GenerateVideoInput } from '../contract/types.js';

/** What a run that exists was started with, where that is not the input that it would get now, else `null`. */
export function inputDifference(before: GenerateVideoInput, wanted: GenerateVideoInput): string | null {
  const now = JSON.parse(JSON.stringify(wanted)) as GenerateVideoInput; // as Temporal would keep it
  const names = [...new Set([...keysOf(before), ...keysOf(now)])].filter(
    (name) => !isDeepStrictEqual(before[name], now[name]),
  );
  if (names.length === 0) return null;
  if (names.includes('request') || names.includes('jobId')) return 'another request';
  const others = names.filter((name) => name !== 'maxCostUsd');
  const budget = names.length === others.length ? [] : [budgetText(before)];
  const options = others.length === 0 ? [] : [`another ${others.join(', ')}`];
  return `the same request and ${[...budget, ...options].join(', ')}`;
}

function budgetText({ maxCostUsd }: GenerateVideoInput): string {
  return maxCostUsd === undefined ? 'no budget' : `a budget of ${dollars(maxCostUsd)}`;
}

function keysOf(input: GenerateVideoInput): (keyof GenerateVideoInput)[] {
  return Object.keys(input) as (keyof GenerateVideoInput)[];
}
