import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startRig, type Rig } from '../support/rig.js';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** What a service has that installs the package: an empty project, and the tarball in it. */
let project: string;
let files: string[];
let rig: Rig;

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'longtake-packed-'));
  const pack = ['pack', '--ignore-scripts', '--json', '--pack-destination', project];
  const { stdout } = await run('npm', pack, { cwd: ROOT });
  const [packed] = JSON.parse(stdout) as [{ filename: string; files: { path: string }[] }];
  files = packed.files.map(({ path }) => path);
  await writeFile(join(project, 'package.json'), '{ "name": "service", "private": true, "type": "module" }');
  const install = ['install', '--no-audit', '--no-fund', '--prefer-offline', join(project, packed.filename)];
  await run('npm', install, { cwd: project });
  rig = await startRig();
});
afterAll(async () => {
  await rig.stop();
  await rm(project, { recursive: true, force: true });
});

/** Runs a program of the service; resolves with the JSON that it prints. */
async function service(program: string): Promise<unknown> {
  const file = join(project, 'service.js');
  await writeFile(file, program);
  const env = { ...process.env, ...rig.environment };
  const { stdout } = await run(process.execPath, [file], { cwd: project, env });
  return JSON.parse(stdout);
}

/** Which of the packages that only a worker needs are loaded, and whether Temporal's native core is. */
const LOADED = `
  const { createRequire } = await import('node:module');
  const modules = Object.keys(createRequire(import.meta.url).cache).map((path) => path.replaceAll('\\\\', '/'));
  const heavy = ['@temporalio/worker', '@temporalio/core-bridge', 'webpack', '@swc/core', '@aws-sdk/client-s3', 'pino'];
  const loaded = heavy.filter((name) => modules.some((path) => path.includes('/node_modules/' + name + '/')));
  const native = process.report.getReport().sharedObjects.some((path) => path.includes('core-bridge'));
  console.log(JSON.stringify({ loaded, native, ...more }));`;

describe('the package', () => {
  it('holds what is built, its schemas and its papers, and nothing else', () => {
    const others = files.filter((path) => !/^(dist\/|contract\/|docs\/.*\.md$)/.test(path));
    expect(others.sort()).toEqual(['LICENSE', 'README.md', 'package.json']);
    // Messages send people to docs/errors.
    const needed = ['dist/cli/main.js', 'dist/workflow-bundle.js', 'docs/errors/submission-unknown.md'];
    expect(files).toEqual(expect.arrayContaining(needed));
    expect(files.filter((path) => path.endsWith('.tsbuildinfo') || path.includes('test'))).toEqual([]);
  });

  it('starts a run from an empty project, without the worker, webpack or the native core', async () => {
    const printed = await service(`
      import { LongtakeClient } from 'longtake';
      const longtake = await LongtakeClient.connect();
      const request = { model: 'test/model', prompt: 'x', duration: 4, resolution: '720p', aspect_ratio: '16:9' };
      const polling = { initialInterval: '20ms', maximumInterval: '50ms' };
      const { jobId, assets } = await longtake.generate({ request, polling }, { id: 'packed' });
      await longtake.close();
      const more = { jobId, keys: assets.map(({ key }) => key) };
      ${LOADED}`);
    expect(printed).toEqual({ loaded: [], native: false, jobId: expect.any(String) as string, keys: ['packed.mp4'] });
  });

  it('has the contract as zod schemas and as JSON Schemas, as light', async () => {
    const printed = await service(`
      import { schemas } from 'longtake/contract';
      const more = { wrong: schemas.GenerateVideoInput.safeParse({}).success };
      ${LOADED}`);
    expect(printed).toEqual({ loaded: [], native: false, wrong: false });
    const schema = join(project, 'node_modules/longtake/contract/generate-video-input.schema.json');
    expect(JSON.parse(await readFile(schema, 'utf8'))).toHaveProperty('properties');
  });

  it('embeds a worker', async () => {
    const printed = await service(`
      import { createWorker } from 'longtake/worker';
      const worker = await createWorker();
      const ended = worker.run();
      while ((await worker.notReady()) !== null) await new Promise((resolve) => setImmediate(resolve));
      worker.shutdown();
      await ended;
      console.log(JSON.stringify(worker.taskQueue));
      process.exit(0);`);
    expect(printed).toBe(rig.taskQueue);
  });

  it('brings the command', async () => {
    const { stdout } = await run(join(project, 'node_modules/.bin/longtake'), ['--version'], { cwd: project });
    const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    expect(stdout.trim()).toBe(version);
  });
});
