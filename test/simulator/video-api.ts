import type { Simulator } from '../../src/simulator/index.js';

/** The trial request that every test starts from: 4 s, 720p, silent, $0.12. */
export const REQUEST = {
  model: 'google/veo-3.1-lite',
  prompt: 'Morning light in a greenhouse',
  duration: 4,
  resolution: '720p',
  aspect_ratio: '16:9',
  generate_audio: false,
};

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Readonly<Record<string, unknown>>;
}

const KEY = { Authorization: 'Bearer any-key' };

export async function call(simulator: Simulator, path: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(simulator.baseUrl + path, { headers: KEY, ...init });
  return { status: response.status, headers: response.headers, body: (await response.json()) as Answer['body'] };
}

export async function submit(
  simulator: Simulator,
  request: Readonly<Record<string, unknown>> = REQUEST,
): Promise<Answer> {
  return await call(simulator, '/videos', { method: 'POST', body: JSON.stringify(request) });
}

/** The id of a job that must have been accepted. */
export async function submitted(
  simulator: Simulator,
  changes: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const { status, body } = await submit(simulator, { ...REQUEST, ...changes });
  if (status !== 202) throw new Error(JSON.stringify(body));
  return String(body.id);
}

export async function poll(simulator: Simulator, id: string): Promise<Answer> {
  return await call(simulator, `/videos/${id}`);
}

export async function content(
  simulator: Simulator,
  id: string,
  headers: Readonly<Record<string, string>> = {},
  index = 0,
): Promise<Response> {
  return await fetch(`${simulator.baseUrl}/videos/${id}/content?index=${index}`, { headers: { ...KEY, ...headers } });
}

export function messageOf({ body }: Answer): string {
  return (body.error as { message: string }).message;
}
