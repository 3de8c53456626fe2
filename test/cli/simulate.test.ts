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
