import { afterAll, beforeAll, expect, it } from 'vitest';
import { LongtakeClient, LongtakeError, type ListOptions, type StartOptions } from '../../src/client/index.js';
import { startRig, type Rig } from '../support/rig.js';

let rig: Rig;

beforeAll(async () => {
  rig = await startRig({ worker: false });
});
afterAll(() => rig.stop());

/** Types are not there at run time. */
const untyped = (value: unknown) => value as StartOptions & ListOptions & string;

async function errorOf(call: () => unknown): Promise<LongtakeError> {
  const error = await Promise.resolve()
    .then(call)
    .catch((reason: unknown) => reason);
  if (error instanceof LongtakeError) return error;
  throw new Error(`no LongtakeError: ${String(error)}`);
}

it('wrong arguments are an InvalidRequest that names them', async () => {
  const input = { jobId: 'a-job' };
  for (const options of [undefined, {}, { id: '' }, { id: 7 }, { id: 'ä'.repeat(501) }]) {
    const { type, message } = await errorOf(() => rig.client.start(input, untyped(options)));
    expect({ type, message }).toEqual({ type: 'InvalidRequest', message: expect.stringContaining('id') as string });
    expect((await errorOf(() => rig.client.generate(input, untyped(options)))).type).toBe('InvalidRequest');
  }
  expect((await errorOf(() => rig.client.handle(untyped(undefined)))).type).toBe('InvalidRequest');
  for (const [name, value] of Object.entries({ state: 'foo', model: '', limit: -1 })) {
    const { type, message } = await errorOf(() => rig.client.list(untyped({ [name]: value })));
    expect({ type, message }).toEqual({
      type: 'InvalidRequest',
      message: expect.stringContaining(`${name} must`) as string,
    });
  }
  expect((await errorOf(() => rig.client.list(untyped({ limit: 1.5 })))).message).toContain(
    'limit must be a whole number',
  );
});

it('an input that is too large says by what', async () => {
  const start = (request: object) =>
    errorOf(() => rig.client.start({ request: { model: 'm', prompt: 'x', ...request } }, { id: 'large' }));
  const large = 'x'.repeat(2_000_000);
  expect((await start({ prompt: large })).message).toMatch(/too large: .* Most of it is the prompt: shorten it\.$/);
  const image = { type: 'image_url', image_url: { url: `data:${large}` } };
  expect((await start({ input_references: [image] })).message).toMatch(/input_references\. Give images by address/);
});

it('a client that is closed says so, whatever it is asked', async () => {
  const connection = { address: rig.environment['TEMPORAL_ADDRESS'] ?? '' };
  const client = await LongtakeClient.connect({ connection, namespace: 'default' });
  const handle = client.handle('a-run');
  await client.close();
  const calls = [
    () => client.list({}),
    () => client.start({ jobId: 'a-job' }, { id: 'a-run' }),
    () => handle.status(),
    () => handle.result(),
    () => handle.cancel(),
    () => handle.follow().next(),
  ];
  for (const call of calls) {
    expect(await errorOf(call)).toMatchObject({
      type: 'Unexpected',
      message: 'This client is closed. Connect a new one.',
    });
  }
});
