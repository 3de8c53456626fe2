import { stat } from 'node:fs/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Config } from '../config.js';
import { adoptCommand } from '../contract/commands.js';
import { siblingKey } from '../contract/output-key.js';
import type { VideoAsset } from '../contract/types.js';
import { openVideoStore } from '../storage/open-store.js';
import { errorCode } from '../storage/trouble.js';
import { commandHere } from './command-here.js';

type Storage = Pick<Config, 'storage' | 's3'>;

const GONE = 'is not there any more';
const CHANGED = 'holds other content now';

/**
 * What has become of a video since it was saved, or `null`: it is there with its length, or it is not below the directory
 * that this process has as its storage, and cannot be looked at from here.
 */
async function lossOf({ uri, bytes }: VideoAsset, { storage, s3 }: Storage): Promise<string | null> {
  const { description: root } = openVideoStore(storage, s3);
  if (!uri.startsWith(pathToFileURL(`${root}/`).href)) return null;
  try {
    return (await stat(fileURLToPath(uri))).size === bytes ? null : CHANGED;
  } catch (error) {
    return errorCode(error) === 'ENOENT' ? GONE : null;
  }
}

export interface Look {
  readonly asset: VideoAsset;
  readonly loss: string | null;
}

export async function lookAtVideos(assets: readonly VideoAsset[], storage: Storage): Promise<readonly Look[]> {
  return await Promise.all(assets.map(async (asset) => ({ asset, loss: await lossOf(asset, storage) })));
}

export interface SavedVideos {
  readonly jobId: string | null;
  readonly assets: readonly VideoAsset[];
}

/** Which of the videos that were saved cannot be handed over, and how to have them again; `null` where all can be. */
export async function lostVideos(
  { jobId, assets }: SavedVideos,
  { local, ...storage }: Storage & { readonly local: boolean },
): Promise<string | null> {
  return lossText(jobId, await lookAtVideos(assets, storage), local);
}

/** `local`: the command is for `--local`. */
export function lossText(jobId: string | null, looks: readonly Look[], local: boolean): string | null {
  const losses = looks.flatMap(({ asset, loss }) => (loss === null ? [] : [`${fileURLToPath(asset.uri)} ${loss}`]));
  const [first] = looks;
  if (first === undefined || losses.length === 0) return null;
  const job = jobId ?? 'JOB_ID';
  const adopt = adoptCommand(job, first.loss === GONE ? first.asset.key : siblingKey(first.asset.key, job));
  const again = commandHere(local ? adopt.replace('adopt', 'adopt --local') : adopt);
  return `The video was saved, but ${losses.join(', and ')}. To fetch it again, as long as the provider has it: ${again}`;
}
