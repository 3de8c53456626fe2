import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { describe, expect, it, onTestFinished } from 'vitest';
import { TooSlow } from '../../src/activities/sender-pace.js';
import { BrokenOff, TooLarge, Transfer } from '../../src/activities/transfer.js';
import { FileSystemStore } from '../../src/storage/filesystem.js';
import type { VideoWrite } from '../../src/storage/port.js';
import { connectTo } from '../openrouter/rig.js';
import { reply, startRawServer } from '../openrouter/raw-server.js';
import { CLIP } from '../support/provider.js';

const ANY_PACE = { windowMs: 3_600_000, windowBytes: 1 };

async function bodyFrom(send: (socket: Socket) => void, limits = {}): Promise<Readable> {
  const server = await startRawServer(send);
  const answer = await connectTo(server.origin, limits).content('job-1', 0);
  if (answer.outcome !== 'content') throw new Error(JSON.stringify(answer));
  return answer.body;
}

async function openWrite(): Promise<VideoWrite> {
  const directory = await mkdtemp(path.join(tmpdir(), 'longtake-transfer-'));
  const owner = { workflowId: 'w', runId: 'r', jobId: 'j' };
  const write = await new FileSystemStore(directory).open('x.mp4', { owner, overwrite: false });
  onTestFinished(async () => {
    await write.discard();
    await rm(directory, { recursive: true });
  });
  return write;
}

function transferInto(write: Pick<VideoWrite, 'write'>, options: { maxBytes?: number; leastPace?: typeof ANY_PACE }) {
  return new Transfer(write, { maxBytes: 1e9, leastPace: ANY_PACE, onProgress: () => undefined, ...options });
}

/** A few bytes at once, then one more every few milliseconds, for ever. */
function trickle(socket: Socket): void {
  socket.write(reply(200, 'vvvv', { 'Content-Length': 1_000_000 }));
  const timer = setInterval(() => socket.write('v'), 20);
  socket.once('close', () => {
    clearInterval(timer);
  });
}

describe('a transfer', () => {
  it('goes on over another stream with the same hash, the same check and the same file', async () => {
    const cut = Math.floor(CLIP.length / 3);
    const write = await openWrite();
    const transfer = transferInto(write, {});
    const first = await bodyFrom((socket) => {
      const head = reply(200, '', { 'Content-Length': CLIP.length });
      socket.write(Buffer.concat([Buffer.from(head), CLIP.subarray(0, cut)]), () => {
        socket.destroySoon();
      });
    });
    await expect(transfer.take(first)).rejects.toThrow(BrokenOff);
    expect(transfer.bytes).toBe(cut);
    const rest = CLIP.subarray(cut);
    await transfer.take(
      await bodyFrom((socket) => {
        socket.write(Buffer.concat([Buffer.from(reply(200, '', { 'Content-Length': rest.length })), rest]));
      }),
    );
    const { bytes, sha256, verdict } = transfer.finish();
    expect({ bytes, sha256 }).toEqual({
      bytes: CLIP.length,
      sha256: createHash('sha256').update(CLIP).digest('hex'),
    });
    expect(verdict.whole).toBe(true);
    const { uri } = await write.publish({ bytes, sha256 });
    expect(await readFile(new URL(uri))).toEqual(CLIP);
  });

  it('ends when one byte after another would hold it for ever', async () => {
    const body = await bodyFrom(trickle);
    const transfer = transferInto(await openWrite(), { leastPace: { windowMs: 300, windowBytes: 10_000 } });
    await expect(transfer.take(body)).rejects.toThrow(TooSlow);
    expect(transfer.bytes).toBeGreaterThan(4);
    expect(body.destroyed).toBe(true);
  });

  it('counts the time between two streams as waiting, or a sender that breaks off at every byte would never end', async () => {
    const transfer = transferInto(await openWrite(), { leastPace: { windowMs: 200, windowBytes: 10_000 } });
    const oneByte = (socket: Socket) => socket.end(reply(200, 'v', { 'Content-Length': 1_000_000 }));
    const endless = async () => {
      for (;;) await transfer.take(await bodyFrom(oneByte)).catch(rethrowUnlessBroken);
    };
    await expect(endless()).rejects.toThrow(TooSlow);
  });

  it('does not hold a slow storage against the sender', async () => {
    const body = await bodyFrom((socket) => socket.write(reply(200, 'v'.repeat(4_000_000))));
    const write = await openWrite();
    const slow = {
      write: async (chunk: Uint8Array) => {
        await new Promise((resolve) => setTimeout(resolve, 250));
        await write.write(chunk);
      },
    };
    // Each window of the storage's own time brings far less than the least.
    const transfer = transferInto(slow, { leastPace: { windowMs: 2_000, windowBytes: 100_000_000 } });
    await transfer.take(body);
    expect(transfer.finish().bytes).toBe(4_000_000);
  });

  it('ends at the cap, and closes the stream', async () => {
    const body = await bodyFrom((socket) => socket.write(reply(200, 'v'.repeat(100_000))));
    await expect(transferInto(await openWrite(), { maxBytes: 99_999 }).take(body)).rejects.toThrow(TooLarge);
    expect(body.destroyed).toBe(true);
  });

  it('passes on what the storage throws as it is, and closes the stream', async () => {
    const body = await bodyFrom((socket) => socket.write(reply(200, 'v'.repeat(100_000))));
    const write = await openWrite();
    await write.discard();
    await expect(transferInto(write, {}).take(body)).rejects.toMatchObject({ name: 'StorageError' });
    expect(body.destroyed).toBe(true);
  });
});

function rethrowUnlessBroken(error: unknown): void {
  if (!(error instanceof BrokenOff)) throw error;
}
