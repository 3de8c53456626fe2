import type { RunStatus } from '../../client/index.js';
import { loadConfig, type Config } from '../../config.js';
import { durationMs } from '../../contract/schemas.js';
import type { VideoAsset } from '../../contract/types.js';
import { connected } from '../connect.js';
import { CliError, usageError } from '../errors.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { print } from '../output.js';
import { knownRun } from '../run-record.js';
import { lookAtVideos, lossText } from '../saved-files.js';

/** What S3 allows at most. */
const LONGEST_MS = 7 * 24 * 60 * 60 * 1000;

export async function url(id: string, { expires }: { readonly expires: string }): Promise<ExitCode> {
  const expiresMs = durationMs(expires);
  if (!(expiresMs >= 1_000 && expiresMs <= LONGEST_MS)) {
    throw usageError(`--expires must be a duration from 1s to 7d, such as 1h, not "${expires}".`);
  }
  const config = loadConfig();
  const run = await connected(config, async ({ longtake, temporal }) => {
    await knownRun(temporal, id);
    return await longtake.handle(id).status();
  });
  if (run.assets.length === 0) throw new CliError(EXIT.failed, nothingSaved(id, run));
  const looks = await lookAtVideos(run.assets, config);
  for (const { asset, loss } of looks) if (loss === null) print(await linkTo(asset, config.s3, expiresMs));
  const lost = lossText(run.jobId, looks, false);
  if (lost !== null) throw new CliError(EXIT.failed, lost);
  return EXIT.done;
}

async function linkTo({ uri }: VideoAsset, s3: Config['s3'], expiresMs: number): Promise<string> {
  if (!uri.startsWith('s3:')) return uri;
  const { signedLink } = await import('../../storage/s3-link.js');
  return await signedLink(uri, s3, Math.floor(expiresMs / 1000));
}

function nothingSaved(id: string, { state }: RunStatus): string {
  return `Run ${id} has saved no video: it is ${state}.`;
}
