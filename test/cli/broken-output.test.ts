import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CliProcess, longtake, newFolder } from './cli-process.js';
import { startDev, type Dev } from './dev-server.js';

let dev: Dev;

beforeAll(async () => {
  dev = await startDev();
});

afterAll(() => dev.stop());

const GENERATE = ['generate', '--duration', '4', '--poll-interval', '200ms', 'a lighthouse'];

describe('a reader of standard error that has seen enough', () => {
  it('has no say in what the command prints and exits with', async () => {
    const process = new CliProcess([...GENERATE, '--id', 'muted'], { cwd: dev.folder, env: dev.env });
    await process.says(/^run muted$/m);
    process.stopReading('stderr');
    const { code, stdout } = await process.ended;
    expect(stdout).toMatch(/^file:\S+muted\.mp4\n$/);
    expect(code).toBe(0);
  });

  it('does not hide that the run failed', async () => {
    const args = [...GENERATE, '--id', 'failed-muted', '--model', 'simulator/fails'];
    const process = new CliProcess(args, { cwd: dev.folder, env: dev.env });
    await process.says(/^run failed-muted$/m);
    process.stopReading('stderr');
    expect((await process.ended).code).toBe(1);
  });

  it('does not cut off the worker of --local', async () => {
    const cwd = await newFolder();
    const local = [...GENERATE, '--local', '--simulated-generation', '1s', '--id', 'headed'];
    const process = new CliProcess(local, { cwd });
    await process.says(/^run headed$/m);
    process.stopReading('stderr');
    process.stopReading('stdout');
    expect((await process.ended).code).toBe(0);
    expect(existsSync(`${cwd}/videos/headed.mp4`)).toBe(true);
  });
});

it('ends quietly where the reader of its standard output has seen enough', async () => {
  const process = new CliProcess(['models'], { cwd: dev.folder });
  process.stopReading('stdout');
  const { code, stderr } = await process.ended;
  expect(code).toBe(0);
  expect(stderr).not.toContain('error:');
});

describe.runIf(existsSync('/dev/full'))('a full disk', () => {
  it('of standard error changes no exit code', async () => {
    const options = { cwd: dev.folder, env: dev.env, to: { stderr: '/dev/full' } };
    const { code, stdout } = await longtake([...GENERATE, '--id', 'full-stderr'], options);
    expect(stdout).toMatch(/^file:\S+full-stderr\.mp4\n$/);
    expect(code).toBe(0);
  });

  it.each([
    ['list', ['list', '--json']],
    ['help', ['--help']],
    ['generate', [...GENERATE, '--id', 'full-stdout']],
  ])('of standard output is told, and an error: %s', async (_name, args) => {
    const { code, stderr } = await longtake(args, { cwd: dev.folder, env: dev.env, to: { stdout: '/dev/full' } });
    expect(code).toBe(1);
    expect(stderr.match(/^error: Standard output cannot be written \(ENOSPC.*$/gm)).toHaveLength(1);
    if (args[0] === 'generate') expect(stderr).toMatch(/^saved .*full-stdout\.mp4/m);
  });
});
