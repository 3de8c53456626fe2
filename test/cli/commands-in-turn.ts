import { randomUUID } from 'node:crypto';
import { pathToFileURL } from 'node:url';
import { longtake, MAIN, type CliEnd, type CliOptions } from './cli-process.js';

/** The command line's own main module, anew for each command; what it loads stays. The mark says where one's output ends. */
const PROGRAM = `
const [main, mark, ...commands] = process.argv.slice(1);
const { exit } = process;
process.exit = () => undefined;
process.setMaxListeners(0);
process.execArgv = []; // by which commander would know that --eval was here
for (const [index, words] of commands.entries()) {
  process.argv = [process.execPath, main, ...JSON.parse(words)];
  process.exitCode = undefined;
  await import(main + '?' + index);
  process.stdout.write(mark + String(process.exitCode ?? 0) + mark);
  process.stderr.write(mark);
}
exit(0);
`;

/**
 * Commands of one process, one after the other, for tests of what they say: most of what a command takes is its start.
 * How a process ends, and what it does with signals and terminals, is not seen here.
 */
export async function longtakeInTurn(
  commands: readonly (readonly string[])[],
  options: Omit<CliOptions, 'program'>,
): Promise<CliEnd[]> {
  const mark = `\n${randomUUID()}\n`;
  const program = ['--input-type=module', '--eval', PROGRAM, pathToFileURL(MAIN).href, mark];
  const { code, stdout, stderr } = await longtake(
    commands.map((words) => JSON.stringify(words)),
    { ...options, program },
  );
  const [outputs, errors] = [stdout.split(mark), stderr.split(mark)];
  if (code !== 0 || errors.length !== commands.length + 1) throw new Error(`it ended with ${String(code)}: ${stderr}`);
  return commands.map((_words, index) => ({
    code: Number(outputs[2 * index + 1]),
    stdout: outputs[2 * index] ?? '',
    stderr: errors[index] ?? '',
  }));
}
