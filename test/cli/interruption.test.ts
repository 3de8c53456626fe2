import { execFile } from 'node:child_process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const run = promisify(execFile);
const MODULE = pathToFileURL(fileURLToPath(new URL('../../dist/cli/interruption.js', import.meta.url))).href;

it('takes a Ctrl-C that npm passes on for the one that the terminal has sent already', async () => {
  const program = `
    const { watchInterruption } = await import(${JSON.stringify(MODULE)});
    const { signal } = watchInterruption('interrupted');
    process.emit('SIGINT');
    process.emit('SIGINT');
    console.log(signal.reason.exitCode, signal.reason.message);`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', program]);
  expect(stdout).toBe('130 interrupted\n');
});

it('takes a terminal that was closed for a SIGTERM, however often it is told', async () => {
  const program = `
    const { watchInterruption } = await import(${JSON.stringify(MODULE)});
    const { signal } = watchInterruption('interrupted');
    process.emit('SIGHUP');
    performance.now = () => Infinity;
    process.emit('SIGHUP');
    console.log(signal.reason.exitCode, signal.reason.message);`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', program]);
  expect(stdout).toBe('143 interrupted\n');
});
