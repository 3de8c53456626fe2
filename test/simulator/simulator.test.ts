import { connect } from 'node:net';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { startSimulator, type Simulator, type SimulatorOptions } from '../../src/simulator/index.js';
import { call, content, messageOf, poll, REQUEST, submit, submitted } from './video-api.js';

const running: Simulator[] = [];

async function start(options: SimulatorOptions = {}): Promise<Simulator> {
  const simulator = await startSimulator({ generationMs: 0, ...options });
  running.push(simulator);
  return simulator;
}

afterEach(async () => {
  await Promise.all(running.splice(0).map((simulator) => simulator.close()));
});

describe('a job', () => {
  it('is accepted with an id, a polling address and the status "pending"', async () => {
    const simulator = await start();
    const { status, body } = await submit(simulator);
    expect(status).toBe(202);
    expect(body.id).toMatch(/^gen-vid-\d{10}-SIMULATED[A-Za-z0-9]{11}$/);
    expect(body).toMatchObject({ status: 'pending', polling_url: `${simulator.baseUrl}/videos/${String(body.id)}` });
  });

  it('is completed with its address and its cost once its time is over', async () => {
    const simulator = await start();
    const id = await submitted(simulator);
    const { body } = await poll(simulator, id);
    expect(body.status).toBe('completed');
    expect(body.unsigned_urls).toEqual([`${simulator.baseUrl}/videos/${id}/content?index=0`]);
    expect(body.usage).toEqual({ cost: 0.12, is_byok: false });
  });

  it('has neither address nor cost before that', async () => {
    const simulator = await start({ generationMs: 3_600_000 });
    const { body } = await poll(simulator, await submitted(simulator));
    expect(body).toMatchObject({ status: 'pending' });
    expect(Object.keys(body).sort()).toEqual(['generation_id', 'id', 'model', 'polling_url', 'status']);
  });

  it('stands in the ledger with the request exactly as it came', async () => {
    const simulator = await start();
    const request = { ...REQUEST, seed: null, something_new: { a: [1] } };
    const { body } = await submit(simulator, request);
    expect(simulator.ledger()).toEqual([
      {
        id: body.id,
        model: REQUEST.model,
        request,
        createdAt: expect.any(String) as string,
        costUsd: 0.12,
        status: 'completed',
      },
    ]);
  });
});

describe('content', () => {
  it('is a whole MP4 of the size asked for, with its length and a strong ETag', async () => {
    const simulator = await start();
    const response = await content(
      simulator,
      await submitted(simulator, { aspect_ratio: '9:16', resolution: '1080p' }),
    );
    const bytes = Buffer.from(await response.arrayBuffer());
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('video/mp4');
    expect(response.headers.get('content-length')).toBe(String(bytes.length));
    expect(response.headers.get('etag')).toMatch(/^"[0-9a-f]{32}"$/);
    const header = bytes.subarray(bytes.indexOf('tkhd'));
    expect([header.readUInt32BE(80) / 0x10000, header.readUInt32BE(84) / 0x10000]).toEqual([1080, 1920]);
  });

  it('can be taken up in the middle, as long as the version is the same', async () => {
    const simulator = await start();
    const id = await submitted(simulator);
    const whole = await content(simulator, id);
    const bytes = Buffer.from(await whole.arrayBuffer());
    const etag = whole.headers.get('etag') ?? '';
    const rest = await content(simulator, id, { Range: 'bytes=1000-', 'If-Range': etag });
    expect(rest.status).toBe(206);
    expect(rest.headers.get('content-range')).toBe(`bytes 1000-${bytes.length - 1}/${bytes.length}`);
    expect(Buffer.from(await rest.arrayBuffer()).equals(bytes.subarray(1000))).toBe(true);
    const other = await content(simulator, id, { Range: 'bytes=1000-', 'If-Range': '"another"' });
    expect([other.status, (await other.arrayBuffer()).byteLength]).toEqual([200, bytes.length]);
    const refused = await content(simulator, id, { Range: 'bytes=1000-', 'If-Match': '"another"' });
    expect(refused.status).toBe(412);
  });

  it.each([
    ['bytes=0-9', 0, 9],
    ['bytes=-10', -10, undefined],
  ])('answers %s with that range', async (range, from, to) => {
    const simulator = await start();
    const id = await submitted(simulator);
    const bytes = Buffer.from(await (await content(simulator, id)).arrayBuffer());
    const part = Buffer.from(await (await content(simulator, id, { Range: range })).arrayBuffer());
    expect(part.equals(bytes.subarray(from, to === undefined ? undefined : to + 1))).toBe(true);
  });

  it('answers 416 with the length when the range lies outside', async () => {
    const simulator = await start();
    const response = await content(simulator, await submitted(simulator), { Range: 'bytes=99999999-' });
    expect(response.status).toBe(416);
    expect(response.headers.get('content-range')).toMatch(/^bytes \*\/\d+$/);
  });

  it('is not there before the job is completed: 409', async () => {
    const simulator = await start({ generationMs: 60_000 });
    expect((await content(simulator, await submitted(simulator))).status).toBe(409);
  });

  it('has no second output unless the job has one: 400', async () => {
    const simulator = await start();
    expect((await content(simulator, await submitted(simulator), {}, 1)).status).toBe(400);
  });
});

describe('refusals', () => {
  it.each([
    [{ duration: 5 }, 400, 'duration 5 is not supported by this model; it takes 8, 4, 6.'],
    [{ duration: '4' }, 400, 'whole number'],
    [{ resolution: '4K' }, 400, 'it takes 720p, 1080p.'],
    [{ aspect_ratio: '1:1' }, 400, 'it takes 16:9, 9:16.'],
    [{ size: '640x480' }, 400, 'it takes 1280x720, 720x1280, 1920x1080, 1080x1920.'],
    [{ generate_audio: 'no' }, 400, 'generate_audio must be true or false.'],
    [{ prompt: ' ' }, 400, 'prompt is required'],
    [{ model: undefined }, 400, 'model is required'],
    [{ model: 'nobody/nothing' }, 404, 'There is no model "nobody/nothing"'],
    [{ frame_images: [{ frame_type: 'middle_frame' }] }, 400, 'it takes first_frame, last_frame.'],
    [{ callback_url: 'http://example.com/hook' }, 400, 'callback_url must be an https address'],
    [
      { model: 'minimax/hailuo-2.3', resolution: '768p', duration: 6, aspect_ratio: '90:1' },
      400,
      'aspect_ratio must look',
    ],
  ])('answers %j with %i and what is supported', async (changes, status, message) => {
    const simulator = await start();
    const answer = await submit(simulator, { ...REQUEST, ...changes });
    expect(answer.status).toBe(status);
    expect(answer.body).toMatchObject({ error: { code: status } });
    expect(messageOf(answer)).toContain(message);
    expect(simulator.ledger()).toEqual([]);
  });

  it.each(['', '{', '[]', 'null', '"text"'])('answers the body %j with 400', async (body) => {
    const simulator = await start();
    expect((await call(simulator, '/videos', { method: 'POST', body })).status).toBe(400);
  });

  it('answers a body over 10 MB with 413 and goes on serving', async () => {
    const simulator = await start();
    const body = Buffer.alloc(11 * 1024 * 1024, 'x');
    expect((await call(simulator, '/videos', { method: 'POST', body })).status).toBe(413);
    expect((await submit(simulator)).status).toBe(202);
  });

  it('answers 401 without a key and with another key than the given one', async () => {
    const simulator = await start({ apiKey: 'the-right-key' });
    const body = JSON.stringify(REQUEST);
    const tried = async (headers: Record<string, string>): Promise<number> =>
      (await call(simulator, '/videos', { method: 'POST', body, headers })).status;
    expect(await tried({})).toBe(401);
    expect(await tried({ Authorization: 'Bearer another-key' })).toBe(401);
    expect(await tried({ Authorization: 'Bearer the-right-key' })).toBe(202);
  });

  it('answers 404 for an unknown job or path and 405 for a wrong method', async () => {
    const simulator = await start();
    expect((await poll(simulator, 'gen-vid-0-nobody')).status).toBe(404);
    expect((await content(simulator, 'gen-vid-0-nobody')).status).toBe(404);
    expect((await call(simulator, '/images')).status).toBe(404);
    const wrong = await call(simulator, '/videos', { method: 'DELETE' });
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'POST']);
  });
});

describe('the model list', () => {
  it('needs no key, and holds veo-3.1-lite as OpenRouter declares it', async () => {
    const simulator = await start();
    const { status, body } = await call(simulator, '/videos/models', { headers: {} });
    const models = body.data as Record<string, unknown>[];
    expect(status).toBe(200);
    expect(models.find(({ id }) => id === 'google/veo-3.1-lite')).toMatchObject({
      canonical_slug: 'google/veo-3.1-lite-20260331',
      supported_durations: [8, 4, 6],
      supported_resolutions: ['720p', '1080p'],
      pricing_skus: { duration_seconds_with_audio_720p: '0.05', duration_seconds_without_audio_720p: '0.03' },
    });
  });

  it('lists nothing that cannot be made: every model takes a request with its defaults, and its video comes', async () => {
    const simulator = await start();
    const { body } = await call(simulator, '/videos/models');
    const ids = (body.data as { id: string }[]).map(({ id }) => id).filter((id) => !id.startsWith('simulator/'));
    expect(ids.length).toBeGreaterThanOrEqual(8);
    for (const model of ids) {
      const { status, body: job } = await submit(simulator, { model, prompt: 'defaults' });
      expect([model, status]).toEqual([model, 202]);
      const video = await content(simulator, String(job.id));
      expect([model, video.status, video.headers.get('content-type')]).toEqual([model, 200, 'video/mp4']);
      await video.arrayBuffer();
    }
  });
});

describe('prices', () => {
  const tenSeconds = { duration: 10, resolution: '1080p' };
  it.each<[string, Record<string, unknown>, number | null]>([
    ['google/veo-3.1-lite', { generate_audio: true }, 0.2],
    ['google/veo-3.1-lite', { resolution: '1080p' }, 0.2],
    ['google/veo-3.1-lite', { resolution: undefined, aspect_ratio: undefined, size: '1080x1920' }, 0.2],
    ['google/veo-3.1-lite', { duration: undefined, generate_audio: undefined }, 0.4],
    ['google/veo-3.1', { resolution: '4K' }, 1.6],
    ['openai/sora-2-pro', { resolution: '1080p' }, 2],
    ['alibaba/wan-2.6', tenSeconds, 1.5],
    ['alibaba/wan-2.6', { ...tenSeconds, frame_images: [{ type: 'image_url' }] }, 1.6],
    ['alibaba/wan-2.6', { ...tenSeconds, input_references: [{ type: 'image_url' }] }, 1.8],
    ['bytedance/seedance-1-5-pro', {}, 0.10368],
    ['x-ai/grok-imagine-video', { duration: 1 }, 0.1],
    ['x-ai/grok-imagine-video', { frame_images: [{ frame_type: 'first_frame' }] }, 0.282],
    ['runway/gen-4.5', { duration: 5, resolution: undefined, size: '1920x1080' }, 1.25],
    ['minimax/hailuo-2.3', { duration: 6, resolution: '768p' }, null],
  ])('charges %s with %j what its SKUs say: %s', async (model, changes, cost) => {
    const simulator = await start();
    const id = await submitted(simulator, { model, ...changes });
    expect((await poll(simulator, id)).body.usage).toEqual({ cost, is_byok: false });
  });
});

describe('the process', () => {
  it('says what it does in plain lines, without control characters and without the key', async () => {
    const lines: string[] = [];
    const simulator = await start({ apiKey: 'any-key', log: (line) => lines.push(line) });
    const id = await submitted(simulator);
    await poll(simulator, id);
    await submit(simulator, { ...REQUEST, model: 'a\u001b[2J' });
    await expect.poll(() => lines.length).toBe(3);
    expect(lines[0]).toBe(`POST /videos google/veo-3.1-lite → ${id} ($0.12)`);
    expect(lines[1]).toBe(`GET /videos/${id} → completed`);
    expect(lines[2]).toMatch(/^POST \/videos → 404 There is no model "a\?\[2J"/);
    expect(lines.join()).not.toContain('any-key');
  });

  it('closes at once although a client holds a connection in the middle of a request', async () => {
    const simulator = await startSimulator();
    const socket = connect(simulator.port, '127.0.0.1');
    await once(socket, 'connect');
    socket.write('POST /api/v1/videos HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{');
    const dropped = new Promise((resolve) => socket.on('error', resolve).on('close', resolve));
    await simulator.close();
    await dropped;
    await simulator.close();
  });

  it('says what to do when its port is taken or its journal cannot be written', async () => {
    const simulator = await start();
    await expect(startSimulator({ port: simulator.port })).rejects.toThrow(/the port is taken, choose another/);
    await expect(startSimulator({ journal: '/dev/null/journal' })).rejects.toThrow(
      /cannot use its journal .* Give a file/,
    );
    await expect(startSimulator({ generationMs: -1 })).rejects.toThrow(/generationMs/);
  });
});
