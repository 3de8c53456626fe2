/** Chance that is the same in every run, unless `FUZZ_SEED` says otherwise; `FUZZ_TIMES=100` looks a hundred times longer. */
const seed = Number(process.env['FUZZ_SEED'] ?? 20_261_122);
const times = Number(process.env['FUZZ_TIMES'] ?? 1);

export function fuzz(runs: number): { readonly seed: number; readonly numRuns: number } {
  return { seed, numRuns: runs * times };
}

/** For one test. */
export const FUZZ_TIMEOUT_MS = 120_000 * times;
