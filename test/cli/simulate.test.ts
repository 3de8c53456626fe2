import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { CliProcess, longtake, newFolder } from './cli-process.js';

it('serves the video API until Ctrl-C, and says how to point a worker at it', async () => {
  const simulator = new CliProcess(['simulate', '--port', '0', '--generation', '50ms'], { cwd: await newFolder() });
  const [, baseUrl = ''] = await simulator.says(
    /^ {2}OPENROUTER_BASE_URL=(\S+) OPENROUTER_API_KEY=anything longtake worker$/m,
  );
  const { data } = (await (await fetch(`${baseUrl}/videos/models`)).json()) as { data: unknown[] };
  expect(data.length).toBeGreaterThan(0);
  simulator.signal('SIGINT');
  expect(await simulator.ended).toMatchObject({ code: 0, stdout: '' });
});

it('exits with 2 when its port is taken', async () => {
  const cwd = await newFolder();
  const first = new CliProcess(['simulate', '--port', '0'], { cwd });
  const [, port = ''] = await first.says(/127\.0\.0\.1:(\d+)/);
  const second = await longtake(['simulate', '--port', port], { cwd });
  expect(second.code).toBe(2);
  expect(second.stderr).toMatch(/^error: .*port is taken/m);
  await first.stop();
});

it('exits with 2 when its journal is the file of somebody else', async () => {
  const cwd = await newFolder();
  await writeFile(join(cwd, 'notes.txt'), 'milk\n');
  const { code, stderr } = await longtake(['simulate', '--port', '0', '--journal', 'notes.txt'], { cwd });
  expect({ code, stderr }).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/notes\.txt: .* Give a file/) as string,
  });
});
