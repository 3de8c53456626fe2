import { isLoopbackHost } from '../contract/loopback-host.js';
import { HttpError } from './http-error.js';
import type { Model } from './model.js';
import { findModel } from './models.js';
import { shortSideOf } from './settings.js';

/** A request body that has been checked against its model. Fields the API does not know are kept and ignored. */
export interface VideoRequest {
  readonly [field: string]: unknown;
  readonly model: string;
  readonly prompt: string;
  readonly duration?: number;
  readonly resolution?: string;
  readonly aspect_ratio?: string;
  readonly size?: string;
  readonly generate_audio?: boolean;
  readonly frame_images?: readonly unknown[];
  readonly input_references?: readonly unknown[];
  readonly callback_url?: string;
}

type Fields = Readonly<Record<string, unknown>>;

/** A composed file is held in memory, so a model that declares no durations gets a bound. */
const MAX_UNDECLARED_SECONDS = 60;
const MAX_SIDE = 8192;

/** A submit that may become a job. */
export interface CheckedRequest {
  /** The body as it came. */
  readonly sent: Fields;
  /** The same, typed, without what is `null`: for the API that is as good as absent. */
  readonly request: VideoRequest;
  readonly model: Model;
}

/** @throws HttpError - 400 with what is supported instead, or 404 for an unknown model */
export function checkRequest(body: Buffer): CheckedRequest {
  const sent = parseObject(body);
  const fields = Object.fromEntries(Object.entries(sent).filter(([, field]) => field !== null));
  requireText(fields, 'model');
  requireText(fields, 'prompt');
  const model = findModel(String(fields.model));
  if (model === undefined) {
    throw new HttpError(404, `There is no model "${String(fields.model)}"; GET /videos/models lists what there is.`);
  }
  checkPicture(fields, model);
  checkDuration(fields, model);
  checkFlags(fields, model);
  checkImages(fields, model);
  checkCallback(fields);
  return { sent, request: fields as VideoRequest, model };
}

function parseObject(body: Buffer): Fields {
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch {
    throw new HttpError(400, 'The request body is not JSON.');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new HttpError(400, 'The request body must be a JSON object.');
  }
  return value as Fields;
}

function requireText(fields: Fields, name: string): void {
  const text = fields[name];
  if (typeof text !== 'string' || text.trim() === '') throw new HttpError(400, `${name} is required, as a string.`);
}

function checkPicture(fields: Fields, model: Model): void {
  const { resolution, aspect_ratio: aspectRatio, size } = fields;
  checkListed('resolution', resolution, model.supported_resolutions);
  checkListed('aspect_ratio', aspectRatio, model.supported_aspect_ratios);
  checkListed('size', size, model.supported_sizes);
  check(resolution, (text) => shortSideOf(text) !== null, 'resolution must look like "720p" or "4K".');
  check(aspectRatio, isDrawableRatio, 'aspect_ratio must look like "16:9", with no side over four times the other.');
  check(size, isDrawableSize, `size must look like "1280x720", with sides of 16 to ${MAX_SIDE} pixels.`);
}

function checkListed(name: string, value: unknown, supported: readonly unknown[] | null): void {
  if (value === undefined || supported === null || supported.includes(value)) return;
  throw new HttpError(
    400,
    `${name} ${JSON.stringify(value)} is not supported by this model; it takes ${listed(supported)}.`,
  );
}

function check(value: unknown, isRight: (text: string) => boolean, complaint: string): void {
  if (value !== undefined && !(typeof value === 'string' && isRight(value))) throw new HttpError(400, complaint);
}

function isDrawableRatio(aspectRatio: string): boolean {
  const [across = 0, down = 0] = /^(\d{1,2}):(\d{1,2})$/.exec(aspectRatio)?.slice(1).map(Number) ?? [];
  return across > 0 && down > 0 && Math.max(across, down) <= 4 * Math.min(across, down);
}

function isDrawableSize(size: string): boolean {
  const sides = /^(\d{2,4})x(\d{2,4})$/.exec(size)?.slice(1).map(Number) ?? [];
  return sides.length === 2 && sides.every((side) => side >= 16 && side <= MAX_SIDE);
}

function checkDuration({ duration }: Fields, model: Model): void {
  if (duration === undefined) return;
  if (!Number.isInteger(duration)) throw new HttpError(400, 'duration must be a whole number of seconds.');
  checkListed('duration', duration, model.supported_durations);
  if (model.supported_durations === null && (Number(duration) < 1 || Number(duration) > MAX_UNDECLARED_SECONDS)) {
    throw new HttpError(400, `duration must be 1 to ${MAX_UNDECLARED_SECONDS} seconds.`);
  }
}

function checkFlags({ generate_audio: audio, seed }: Fields, model: Model): void {
  if (audio !== undefined && typeof audio !== 'boolean')
    throw new HttpError(400, 'generate_audio must be true or false.');
  if (audio === true && model.generate_audio === false) {
    throw new HttpError(400, 'generate_audio true is not supported by this model; it makes silent videos only.');
  }
  if (seed !== undefined && !Number.isInteger(seed)) throw new HttpError(400, 'seed must be a whole number.');
  if (seed !== undefined && model.seed === false) throw new HttpError(400, 'seed is not supported by this model.');
}

function checkImages({ frame_images: frames, input_references: references }: Fields, model: Model): void {
  for (const [name, list] of Object.entries({ frame_images: frames, input_references: references })) {
    if (
      list !== undefined &&
      !(Array.isArray(list) && list.every((item) => typeof item === 'object' && item !== null))
    ) {
      throw new HttpError(400, `${name} must be a list of objects.`);
    }
  }
  for (const frame of (frames ?? []) as readonly Fields[]) {
    checkListed('frame_type', frame.frame_type, model.supported_frame_images);
  }
}

function checkCallback({ callback_url: address }: Fields): void {
  check(address, isCallback, 'callback_url must be an https address (the simulator also takes http on loopback).');
}

function isCallback(address: string): boolean {
  const url = URL.canParse(address) ? new URL(address) : null;
  return url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopbackHost(url.hostname));
}

function listed(supported: readonly unknown[]): string {
  return supported.length === 0 ? 'none' : supported.map(String).join(', ');
}
