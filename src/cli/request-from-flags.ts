import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import type { ProviderRequest } from '../contract/types.js';
import type { GenerateFlags } from './commands/generate.js';
import { usageError } from './errors.js';

export const DEFAULT_MODEL = 'google/veo-3.1-lite';

/**
 * The body of `POST /videos`: the file's, with the flags on top; `null` when neither prompt nor file was given. A file has
 * to name its model: with a misspelt one another would be paid for.
 */
export async function requestFromFlags(
  prompt: string | undefined,
  flags: GenerateFlags,
): Promise<ProviderRequest | null> {
  if (prompt?.trim() === '')
    throw usageError('The prompt is empty. Say what the video shows, or leave it out with --request FILE.');
  if (prompt === undefined && flags.request === undefined) return null;
  const body = flags.request === undefined ? { model: DEFAULT_MODEL } : await readBody(flags.request);
  const request = { ...body, ...fieldsOf(prompt, flags) };
  checkShape(request, flags);
  if (!('model' in request))
    throw usageError('The request names no "model". Put it into the body, or give --model MODEL.');
  return request as ProviderRequest;
}

/** A body alone goes out as it is; flags of one kind over fields of the other would leave it open which ones count. */
function checkShape(request: Partial<ProviderRequest>, { size, resolution, aspectRatio }: GenerateFlags): void {
  const isFlag = [size, resolution, aspectRatio].some((flag) => flag !== undefined);
  if (!isFlag || request.size === undefined) return;
  if (request.resolution === undefined && request.aspect_ratio === undefined) return;
  throw usageError('A size stands instead of resolution and aspect ratio: give the one or the other two, not both.');
}

/** The fields of the body that the command line gives. */
export function fieldsOf(prompt: string | undefined, flags: GenerateFlags): Partial<ProviderRequest> {
  const fields = {
    model: flags.model,
    prompt,
    duration: flags.duration,
    resolution: flags.resolution,
    aspect_ratio: flags.aspectRatio,
    size: flags.size,
    generate_audio: flags.audio,
    seed: flags.seed,
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

async function readBody(path: string): Promise<Record<string, unknown>> {
  const name = path === '-' ? 'standard input' : path;
  const body = parse(await readText(path, name), name);
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw usageError(
      `${name} must hold one JSON object: the body of POST /videos, such as {"model": "…", "prompt": "…"}.`,
    );
  }
  if ('request' in body) {
    throw usageError(
      `${name} must hold the body of POST /videos itself (model, prompt, …), not a "request" around it.`,
    );
  }
  return body as Record<string, unknown>;
}

async function readText(path: string, name: string): Promise<string> {
  try {
    return path === '-' ? await text(process.stdin) : await readFile(path, 'utf8');
  } catch (error) {
    throw usageError(`${name} cannot be read: ${readProblem(error)}.`);
  }
}

function readProblem(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EISDIR') return 'it is a directory';
  return message;
}

function parse(json: string, name: string): unknown {
  if (json.trim() === '') throw usageError(`${name} is empty. It must hold the body of POST /videos, as JSON.`);
  try {
    return JSON.parse(json.replace(/^\ufeff/, '')) as unknown;
  } catch (error) {
    throw usageError(`${name} is no JSON: ${error instanceof Error ? error.message : String(error)}.`);
  }
}
