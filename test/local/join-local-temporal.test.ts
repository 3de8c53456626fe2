import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, open, readFile, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';

import { Client, Connection } from '@temporalio/client';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';

import { SEARCH_ATTRIBUTES } from '../../src/contract/names.js';
import { findTemporalCli } from '../../src/local/find-temporal-cli.js';
import { readHostFile, writeHostFile, type HostFile } from '../../src/local/host-file.js';
import { joinLocalTemporal, type JoinOptions, type LocalTemporal } from '../../src/local/join-local-temporal.js';
import { freePorts, isFreePort, listenOnLoopback } from '../../src/local/loopback-port.js';
import { findProcesses, stopProcesses } from '../../src/local/process-table.js';
import { TemporalUnavailable } from '../../src/local/temporal-unavailable.js';
import { waitUntil } from '../../src/local/wait-until.js';
import { runChildProgram, type ChildProgram } from './child-program.js';
import { scratchDirectory, script } from './scratch.js';

const USER = `
  const temporal = await local.joinLocalTemporal({ ...input, onProgress: (line) => console.error(line) });
  tell({ address: temporal.address });
  temporal.lost.then((error) => tell({ lost: error.message }));
  await untilStdinEnds();
  await temporal.leave();`;

let cliPath = '';

beforeAll(async () => {
  const { TEMPORAL_CLI_PATH, PATH } = process.env;
  const onProgress = (line: string): void => void process.stderr.write(`${line}\n`);
  cliPath = (await findTemporalCli({ cliPath: TEMPORAL_CLI_PATH, searchPath: PATH, env: process.env, onProgress }))
    .path;
}, 900_000);

interface Rig {
  readonly dataDir: string;
  readonly options: Omit<JoinOptions, 'onProgress'>;
  readonly progress: string[];
  /** Joins from this process. */
  join(more?: Partial<JoinOptions>): Promise<LocalTemporal>;
  /** Joins from a process of its own. */
  user(more?: Partial<JoinOptions>): ChildProgram;
  card(): Promise<HostFile>;
  /** The pids of all servers on this directory's database. */
  servers(): Promise<number[]>;
  stopped(): Promise<void>;
}

/** A data directory of its own. Whatever a test leaves running there is stopped. */
async function place(dataDirName = '.longtake'): Promise<Rig> {
  const dataDir = join(await scratchDirectory(), dataDirName);
  const ofThisPlace = ({ commandLine }: { commandLine: string }): boolean =>
    commandLine.includes(dataDir) && / server start-dev | --data-dir /.test(commandLine);
  onTestFinished(async () => {
    await stopProcesses(ofThisPlace, 5_000);
  });
  const [preferredPort] = await freePorts();
  const options = { dataDir, cliPath, preferredPort, lingerMs: 200 };
  const progress: string[] = [];
  const onProgress = (line: string): void => void progress.push(line);
  const servers = (): Promise<number[]> =>
    findProcesses((found) => ofThisPlace(found) && found.commandLine.includes(' server start-dev '));
  return {
    dataDir,
    options,
    progress,
    join: (more) => joinLocalTemporal({ ...options, onProgress, ...more }),
    user: (more) => runChildProgram('join-local-temporal', USER, { ...options, ...more }),
    card: async () => present(await readHostFile(join(dataDir, 'host.json'))),
    servers,
    stopped: async () => {
      await until(async () => (await findProcesses(ofThisPlace)).length === 0);
      expect(existsSync(join(dataDir, 'host.json'))).toBe(false);
    },
  };
}

describe('a local Temporal server', () => {
  it('serves on the preferred port, with its UI and the search attributes, in a directory with any letters', async () => {
    const rig = await place("it's é 日本/.longtake");
    const port = rig.options.preferredPort ?? 0;
    const temporal = await rig.join();
    expect(temporal.address).toBe(`127.0.0.1:${String(port)}`);
    expect((await fetch(temporal.uiUrl)).status).toBe(200);
    const attributes = await withClient(temporal.address, async ({ connection }) => {
      const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace: 'default' });
      return Object.keys(customAttributes);
    });
    expect(attributes).toEqual(expect.arrayContaining(Object.keys(SEARCH_ATTRIBUTES)));
    expect(await rig.card()).toMatchObject({ address: temporal.address, uiUrl: temporal.uiUrl });
    await temporal.leave();
    await temporal.leave();
    await rig.stopped();
  });

  it('takes other ports when the preferred ones are taken', async () => {
    const rig = await place();
    const port = rig.options.preferredPort ?? 0;
    const taken = createServer();
    await listenOnLoopback(taken, port);
    onTestFinished(() => void taken.close());
    const temporal = await rig.join();
    expect(temporal.address).not.toBe(`127.0.0.1:${String(port)}`);
    await startRun(temporal.address, 'somewhere-else');
    await temporal.leave();
  });

  it('never shares the preferred port between two directories that start at once', async () => {
    const [one, other] = await Promise.all([place(), place()]);
    const same = { preferredPort: one.options.preferredPort };
    const [first, second] = await Promise.all([one.join(same), other.join(same)]);
    expect(first.address).not.toBe(second.address);
    await startRun(first.address, 'only-here');
    await expect(describeRun(second.address, 'only-here')).rejects.toThrow();
    await Promise.all([first.leave(), second.leave()]);
  });

  it('is shared by all processes of a directory, also under another name of it, and stops after the last', async () => {
    const rig = await place();
    const first = rig.user();
    const { address } = await first.next();
    await symlink(rig.dataDir, `${rig.dataDir}-link`);
    const second = await rig.join({ dataDir: `${rig.dataDir}-link` });
    expect(second).toMatchObject({ address, shared: true });
    expect(await first.finish()).toBe(0);
    await startRun(second.address, 'still-there');
    await second.leave();
    await rig.stopped();
  });

  it('is one when two processes start it at once', async () => {
    const rig = await place();
    const users = [rig.user(), rig.user(), rig.user()];
    const addresses = await Promise.all(users.map(async (user) => (await user.next())['address']));
    expect(new Set(addresses).size).toBe(1);
    expect(await rig.servers()).toHaveLength(1);
    await Promise.all(users.map((user) => user.finish()));
    await rig.stopped();
  });

  it('stops when all its users are killed', async () => {
    const rig = await place();
    const users = [rig.user(), rig.user()];
    const { address } = (await Promise.all(users.map((user) => user.next())))[0] ?? {};
    await Promise.all(users.map((user) => user.kill('SIGKILL')));
    await until(() => isFreePort(Number(String(address).split(':')[1])));
    await rig.stopped();
  });

  it('stops when the only user is killed while it starts', async () => {
    const rig = await place();
    const user = rig.user();
    await until(() => existsSync(join(rig.dataDir, 'host.json')));
    await user.kill('SIGKILL');
    await rig.join().then((temporal) => temporal.leave()); // nor does the dead one's lock keep others out for ever
    await rig.stopped();
  });

  it('is not reached by the Ctrl-C of the terminal', async () => {
    const rig = await place();
    const user = rig.user();
    await user.next();
    const { pid, temporalPid } = await rig.card();
    const ownGroup = await processGroup(user.pid);
    expect(await processGroup(pid)).not.toBe(ownGroup);
    expect(await processGroup(present(temporalPid))).not.toBe(ownGroup);
    await user.finish();
    await rig.stopped();
  });

  it('keeps its history from one start to the next', async () => {
    const rig = await place();
    const before = await rig.join();
    const runId = await startRun(before.address, 'kept');
    await before.leave();
    const after = await rig.join(); // while the first one is still stopping, or just has
    expect(await describeRun(after.address, 'kept')).toBe(runId);
    await after.leave();
  });

  it('is started anew by who joins while it stops', async () => {
    const rig = await place();
    const first = await rig.join({ lingerMs: 0 });
    const { pid, control } = await rig.card();
    await first.leave();
    await until(() => isFreePort(control.port)); // it takes nobody in any more
    const second = await rig.join();
    expect((await rig.card()).pid).not.toBe(pid);
    await startRun(second.address, 'second');
    expect(await rig.servers()).toHaveLength(1);
    await second.leave();
  });

  it('tells its users when its host is killed, is stopped by them, and comes back with its history', async () => {
    const rig = await place();
    const before = await rig.join();
    const runId = await startRun(before.address, 'survives');
    process.kill((await rig.card()).pid, 'SIGKILL');
    expect((await before.lost).message).toContain('was killed');
    expect(await rig.servers()).toEqual([]);
    const after = await rig.join();
    expect(await describeRun(after.address, 'survives')).toBe(runId);
    await after.leave();
    await rig.stopped();
  });

  it('is cleared away and started anew after host and users were killed', async () => {
    const rig = await place();
    const user = rig.user({ lingerMs: 60_000 });
    const { address } = await user.next();
    const runId = await startRun(String(address), 'survives');
    const { pid, temporalPid } = await rig.card();
    await user.kill('SIGKILL');
    process.kill(pid, 'SIGKILL');
    expect(await rig.servers()).toEqual([temporalPid]);
    const after = await rig.join();
    expect(rig.progress.join()).toContain(`process ${String(temporalPid)}`);
    expect(await describeRun(after.address, 'survives')).toBe(runId);
    expect(await rig.servers()).toHaveLength(1);
    await after.leave();
  });

  it('tells its users with the end of its log when it dies by itself', async () => {
    const rig = await place();
    const temporal = await rig.join();
    process.kill(present((await rig.card()).temporalPid), 'SIGKILL');
    const { message } = await temporal.lost;
    expect(message).toContain('stopped by itself (SIGKILL)');
    expect(message).toContain(join(rig.dataDir, 'temporal.log'));
    await rig.stopped();
  });

  it('leaves a foreign process alone that has got the pid of a dead host or server, or only names the database', async () => {
    const rig = await place();
    await mkdir(rig.dataDir, { recursive: true });
    const database = join(rig.dataDir, 'temporal.db');
    const foreign = [spawn('sleep', ['600']), spawn('tail', ['-F', database], { stdio: 'ignore' })];
    onTestFinished(() => {
      for (const child of foreign) child.kill('SIGKILL');
    });
    const [pid = 0, temporalPid = 0] = foreign.map((child) => present(child.pid ?? null));
    const [port] = await freePorts();
    const address = '127.0.0.1:7233';
    await writeHostFile(join(rig.dataDir, 'host.json'), {
      pid,
      temporalPid,
      address,
      uiUrl: '',
      control: { port, token: 'old' },
    });
    const temporal = await rig.join();
    await temporal.leave();
    await rig.stopped();
    expect(foreign.map(({ exitCode, signalCode }) => exitCode ?? signalCode)).toEqual([null, null]);
  });

  it.each([
    ['none', Buffer.alloc(8_192, 'not a database'), 'file is not a database'],
    ['empty', Buffer.alloc(0), 'no such table'],
  ])('names a database that it cannot use, and what to do about it: %s', async (_name, content, why) => {
    const rig = await place();
    const database = join(rig.dataDir, 'temporal.db');
    await mkdir(rig.dataDir);
    await writeFile(database, content);
    const failure = await rig.join().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(TemporalUnavailable);
    const [first, second, ...more] = (failure as Error).message.split('\n');
    expect(first).toBe(
      `The local Temporal server cannot use its database ${database}: it is damaged, or none (${why}).`,
    );
    expect(second).toMatch(/move it away\. .* lost then; .*longtake adopt JOB_ID/);
    expect(more).toEqual([]);
    await rig.stopped();
  });

  it('says why it does not start, with the end of its log', async () => {
    const rig = await place();
    const broken = await script(join(dirname(rig.dataDir), 'temporal'), 'echo some trouble; exit 1');
    await expect(rig.join({ cliPath: broken })).rejects.toThrow(
      /did not start \(exit code 1\)[^]*temporal\.log ends with:\nsome trouble/,
    );
    await rig.stopped();
  });

  it('names a log that cannot be written', async () => {
    const rig = await place();
    await mkdir(join(rig.dataDir, 'temporal.log'), { recursive: true });
    const failure = await rig.join().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(TemporalUnavailable);
    expect(String(failure)).toMatch(/cannot write its log .+temporal\.log \(.*\)\.\n.*move it away/);
  });

  it('starts on a new database after the first start was killed half-way', async () => {
    const rig = await place();
    const killed = await script(join(dirname(rig.dataDir), 'temporal'), `: > "$4"; kill -KILL $$`);
    await expect(rig.join({ cliPath: killed })).rejects.toThrow('SIGKILL');
    await rig.stopped();
    const temporal = await rig.join();
    const runId = await startRun(temporal.address, 'first');
    await temporal.leave();
    const again = await rig.join();
    expect(await describeRun(again.address, 'first')).toBe(runId);
    await again.leave();
  });

  it('is given up at once by an abort while it starts', async () => {
    const rig = await place();
    const never = await script(join(dirname(rig.dataDir), 'temporal'), 'exec sleep 600');
    const interrupt = new AbortController();
    const joining = expect(rig.join({ cliPath: never, signal: interrupt.signal })).rejects.toThrow('Ctrl-C');
    await until(() => existsSync(join(rig.dataDir, 'host.json')));
    interrupt.abort(new Error('Ctrl-C'));
    await joining;
    await rig.stopped();
  });

  it('refuses a directory that cannot be made', async () => {
    const rig = await place('file/.longtake');
    await writeFile(dirname(rig.dataDir), '');
    const failure = await rig.join().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(TemporalUnavailable);
    expect(String(failure)).toMatch(/cannot keep its data in .*ENOTDIR/);
  });

  it.each(['what?', 'issue#7', '100%'])('refuses the directory %s, whose data would go elsewhere', async (name) => {
    const rig = await place(name);
    const failure = await rig.join().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(TemporalUnavailable);
    expect(String(failure)).toContain('one of the characters ? # %');
  });

  it('begins a new log when the old one has grown big', async () => {
    const rig = await place();
    await mkdir(rig.dataDir);
    const log = await open(join(rig.dataDir, 'temporal.log'), 'w');
    await log.truncate(2 * 1024 * 1024);
    await log.close();
    await (await rig.join()).leave();
    expect((await readFile(join(rig.dataDir, 'temporal.log'))).length).toBeLessThan(100_000);
    expect(existsSync(join(rig.dataDir, 'temporal.log.1'))).toBe(true);
    await rig.stopped();
  });
});

async function withClient<T>(address: string, work: (client: Client) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address });
  try {
    return await work(new Client({ connection }));
  } finally {
    await connection.close();
  }
}

/** Starts a workflow that no worker takes. Resolves with its run id. */
async function startRun(address: string, workflowId: string): Promise<string> {
  return await withClient(address, async (client) => {
    const handle = await client.workflow.start('nothing', { workflowId, taskQueue: 'nobody' });
    return handle.firstExecutionRunId;
  });
}

async function describeRun(address: string, workflowId: string): Promise<string> {
  return await withClient(address, async (client) => (await client.workflow.getHandle(workflowId).describe()).runId);
}

async function processGroup(pid: number): Promise<string> {
  const ps = spawn('ps', ['-o', 'pgid=', '-p', String(pid)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [output] = (await once(ps.stdout, 'data')) as [Buffer];
  return output.toString().trim();
}

function present<T>(value: T | null): T {
  if (value === null) throw new Error('expected a value');
  return value;
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  expect(await waitUntil(condition, { timeoutMs: 50_000 })).toBe(true);
}
