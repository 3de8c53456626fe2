import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { startDevServer, type DevServer } from '../support/dev-server.js';
import { completed, job, refusal, type Handler } from '../support/provider.js';
import { logLines, startRig, type Rig } from '../support/rig.js';

let server: DevServer;
let rig: Rig;

beforeAll(async () => {
  // So that a few dozen polls go on in a second history, as thousands do.
  server = await startDevServer(inject('temporalCli'), {
    flags: ['--dynamic-config-value', 'limit.historyCount.suggestContinueAsNew=60'],
  });
  rig = await startRig({ address: server.address });
});
afterAll(async () => {
  await rig.stop();
  await server.stop();
});

const OFTEN = { initialInterval: '5ms', maximumInterval: '5ms', maximumAttempts: 100_000 } as const;

interface Line {
  readonly workflowId?: string;
  readonly runId?: string;
  readonly jobId?: string;
  readonly polls?: number;
  readonly trouble?: string;
  readonly msg: string;
}

/** What the worker's log has told of the polls of a run. */
function pollLines(id: string): readonly Line[] {
  const lines = logLines.map((line) => JSON.parse(line) as Line).filter(({ workflowId }) => workflowId === id);
  return lines.filter(({ msg }) => msg.startsWith('polls '));
}

/** The run `id` meets these answers, and then a finished job. Its last lines may be written after its result is known. */
async function meets(id: string, answers: readonly Handler[]): Promise<void> {
  rig.provider.polls.length = 0;
  rig.provider.script = { poll: (call) => (answers[call.n - 1] ?? (() => completed(call.jobId)))(call) };
  await (await rig.start({ polling: OFTEN }, id)).result();
}

const fine: Handler = ({ jobId }) => job(jobId, 'in_progress');
const busy: Handler = ({ n }) => refusal(503, `overloaded, request ${n}`);
const denied: Handler = () => refusal(401, 'no such key');
const gone: Handler = () => refusal(404, 'who?');
const cut: Handler = ({ response }) => {
  response.destroy();
  return null;
};

it('is in the log when it begins, when it becomes another, and when it is over, with run and job', async () => {
  await meets('in-trouble', [fine, busy, busy, cut, cut, denied, gone, gone, fine, fine, busy]);
  await expect.poll(() => pollLines('in-trouble').length).toBe(7);
  const lines = pollLines('in-trouble');
  expect(lines).toMatchObject([
    { level: 40, polls: 2, trouble: 'trouble 503', msg: expect.stringContaining('overloaded') as string },
    { level: 40, polls: 4, trouble: 'no answer' },
    { level: 40, polls: 6, trouble: 'denied 401', msg: expect.stringContaining('no such key') as string },
    { level: 40, polls: 7, trouble: 'missing 404' },
    { level: 30, polls: 9, msg: 'polls are answered again' },
    { level: 40, polls: 11, trouble: 'trouble 503' },
    { level: 30, polls: 12 },
  ]);
  for (const line of lines) expect(line).toMatchObject({ runId: expect.any(String) as string, jobId: 'job-1' });
});

it('is told once, also where the run goes on in a new history', async () => {
  await meets(
    'long-trouble',
    Array.from({ length: 80 }, () => busy),
  );
  await expect.poll(() => pollLines('long-trouble').map(({ polls }) => polls)).toEqual([1, 81]);
  const [begin, end] = pollLines('long-trouble').map(({ runId }) => runId);
  expect(begin).not.toBe(end);
});

it('is not told of a run whose polls are answered', async () => {
  await meets('well', [fine, fine]);
  await meets('later', [busy]);
  await expect.poll(() => pollLines('later').length).toBe(2);
  expect(pollLines('well')).toEqual([]);
});
