import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import type { LongtakeHandle } from '../../src/client/index.js';
import { selfSigned } from '../openrouter/raw-server.js';
import { startRig, until, type Rig } from '../support/rig.js';
import { startWorkerProcess } from '../support/worker-process.js';

/** Between the last word of a run and its request lies no connection that takes its time to stand. */

let rig: Rig;

beforeAll(async () => {
  rig = await startRig({ worker: false });
});
afterAll(async () => {
  await rig.stop();
});

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

function join(one: Socket, other: Socket): void {
  one.on('error', () => other.destroy());
  other.on('error', () => one.destroy());
  one.pipe(other).pipe(one);
}

/** The provider behind TLS. The first connection reads the model list; the second is the submit's, and waits for its handshake until it is let. */
async function behindTls() {
  const { port } = new URL(rig.provider.baseUrl);
  const tls = await listen(
    createTlsServer(selfSigned(), (client) => {
      join(client, connect(Number(port), '127.0.0.1'));
    }),
  );
  const waiting: (() => void)[] = [];
  let connections = 0;
  const gate = await listen(
    createServer((client) => {
      const open = () => {
        join(client, connect(tls, '127.0.0.1'));
      };
      connections += 1;
      if (connections === 2) waiting.push(open);
      else open();
    }),
  );
  return {
    isWaiting: () => waiting.length > 0,
    letGo: () => {
      for (const open of waiting.splice(0)) open();
    },
    environment: {
      ...rig.environment,
      OPENROUTER_BASE_URL: `https://127.0.0.1:${gate}/api/v1`,
      NODE_TLS_REJECT_UNAUTHORIZED: '0',
    },
  };
}

async function withHandshakeUnderWay() {
  rig.provider.submits.length = 0;
  const { environment, isWaiting, letGo } = await behindTls();
  const worker = await startWorkerProcess(environment);
  onTestFinished(() => worker.kill());
  const handle = await rig.start();
  await expect.poll(isWaiting, { timeout: 60_000 }).toBe(true);
  return { handle, letGo };
}

it('a submit that is paused during the handshake, and unpaused with its mark forgotten, is sent once, and nobody is asked', async () => {
  const { handle, letGo } = await withHandshakeUnderWay();
  const submit = { namespace: 'default', execution: { workflowId: handle.workflowId }, type: 'submitVideo' };
  await rig.temporal.workflowService.pauseActivity(submit);
  letGo();
  const lastProblem = async () => {
    const { raw } = await rig.temporal.workflow.getHandle(handle.workflowId).describe();
    return raw.pendingActivities?.[0]?.lastFailure?.message;
  };
  await expect.poll(lastProblem, { timeout: 60_000 }).toMatch(/^Nothing was submitted, because/);
  expect(rig.provider.submits).toHaveLength(0);
  await rig.temporal.workflowService.unpauseActivity({ ...submit, resetHeartbeat: true });
  await handle.result();
  expect(rig.provider.submits).toHaveLength(1);
});

const CANCELS: Readonly<Record<string, (handle: LongtakeHandle) => Promise<unknown>>> = {
  'the signal': (handle) => handle.cancel('no more money'),
  'Temporal’s own Cancel': ({ workflowId }) => rig.temporal.workflow.getHandle(workflowId).cancel(),
};

it.each(Object.entries(CANCELS))('nothing is paid after %s that came during the handshake', async (_, cancel) => {
  const { handle, letGo } = await withHandshakeUnderWay();
  await cancel(handle);
  await until(handle, ({ cancelRequested }) => cancelRequested);
  letGo();
  await expect(handle.result()).rejects.toThrow(
    /^The run was cancelled.* Nothing was submitted, and nothing is billed\./,
  );
  expect(rig.provider.submits).toHaveLength(0);
});

it('a request whose handshake took its time is sent once it stands', async () => {
  const { handle, letGo } = await withHandshakeUnderWay();
  expect(rig.provider.submits).toHaveLength(0);
  letGo();
  await handle.result();
  expect(rig.provider.submits).toHaveLength(1);
});
