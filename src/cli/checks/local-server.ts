import type { Config } from '../../config.js';
import { cacheDirectory } from '../../local/cache-directory.js';
import { cliCache } from '../../local/cached-temporal-cli.js';
import { temporalCliProblem } from '../../local/check-temporal-cli.js';
import { executablesOnPath, isExecutable } from '../../local/executable.js';
import type { Finding } from './finding.js';

/** Where `--local` and `dev` would take Temporal from. Looks only: nothing is downloaded or built. */
export async function checkLocalServer({ temporal: { cliPath }, searchPath, cache }: Config): Promise<Finding> {
  const subject = 'local server';
  if (cliPath !== null) {
    const problem = await temporalCliProblem(cliPath);
    if (problem === null) return { status: 'ok', subject, text: cliPath };
    return { status: 'fail', subject, text: `TEMPORAL_CLI_PATH is ${cliPath}, but ${problem}.` };
  }
  const cached = cliCache(cacheDirectory(cache)).file;
  const candidates = [
    ...(await executablesOnPath('temporal', searchPath)),
    ...((await isExecutable(cached)) ? [cached] : []),
  ];
  for (const path of candidates) {
    if ((await temporalCliProblem(path)) === null) return { status: 'ok', subject, text: path };
  }
  return {
    status: 'note',
    subject,
    text: 'the first --local or dev will download Temporal, or build it (some minutes).',
  };
}
