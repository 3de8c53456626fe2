import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Shell } from '../../src/cli/actions/completion.js';
import { commandExists } from '../deploy/run-command.js';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const ZSH_CAPTURE = fileURLToPath(new URL('zsh-capture.zsh', import.meta.url));
const SHELLS = ['bash', 'zsh', 'fish'] as const satisfies readonly Shell[];

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'longtake-completion-'));
  writeFileSync(join(folder, 'my request.json'), '{}');
  for (const shell of SHELLS) {
    writeFileSync(join(folder, shell), execFileSync(process.execPath, [MAIN, 'completion', shell]));
  }
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** As bash calls a completion function: it breaks words at "=" as well. */
const BASH_CAPTURE = `
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_longtake
printf '%s\\n' "\${COMPREPLY[@]}"`;

const CAPTURE: Readonly<Record<Shell, (line: string) => string>> = {
  bash: (line) => run('bash', ['--norc', '-c', BASH_CAPTURE, 'bash', './bash', ...line.split(/ |(?==)|(?<==)/)]),
  zsh: (line) => run('zsh', ['-f', ZSH_CAPTURE, 'zsh', line]),
  fish: (line) => run('fish', ['--no-config', '-c', 'source fish; complete -C $argv[1]', line]),
};

function run(shell: string, args: readonly string[]): string {
  return execFileSync(shell, args, { cwd: folder, encoding: 'utf8', env: { ...process.env, HOME: folder } });
}

/** What the shell offers for the line as it stands, without descriptions. */
function offers(shell: Shell, line: string): string[] {
  const words = CAPTURE[shell](line)
    .split(/\r?\n/)
    .map((one) => (one.split('\t')[0] ?? '').replaceAll('\\', ''));
  return words.filter((word) => word !== '');
}

const STATES = 'validating submitting awaiting_decision generating downloading succeeded failed cancelled'.split(' ');

for (const shell of SHELLS) {
  describe.skipIf(!commandExists(shell))(`${shell} completes`, () => {
    it('the commands', () => {
      const offered = offers(shell, 'longtake ');
      for (const command of ['generate', 'list', 'codec-server', 'completion']) expect(offered).toContain(command);
      expect(offers(shell, 'longtake gen')).toEqual(['generate']);
    });

    it('the flags of a command, none that are hidden, and none of another command', () => {
      const offered = offers(shell, 'longtake generate --');
      for (const flag of ['--request', '--max-cost', '--no-audio', '--on-cancel']) expect(offered).toContain(flag);
      for (const flag of ['--example', '--simulated-generation', '--lane']) expect(offered).not.toContain(flag);
      expect(offers(shell, 'longtake worker --la').map((flag) => flag.replace('=', ''))).toEqual(['--lane']);
    });

    it('what a flag may be', () => {
      expect(offers(shell, 'longtake list --state ').sort()).toEqual([...STATES].sort());
      expect(offers(shell, 'longtake list --state fa')).toEqual(['failed']);
      expect(offers(shell, 'longtake generate "a b" --on-cancel ').sort()).toEqual(['abandon', 'settle']);
      expect(offers(shell, 'longtake worker --lane=do').map((word) => word.replace('--lane=', ''))).toEqual([
        'downloads',
      ]);
      expect(offers(shell, 'longtake completion ').sort()).toEqual(['bash', 'fish', 'zsh']);
    });

    it('files where a file is wanted, and nothing where anything may stand', () => {
      expect(offers(shell, 'longtake generate --request my')).toEqual(['my request.json']);
      expect(offers(shell, 'longtake list --model ')).toEqual([]);
      expect(offers(shell, 'longtake status ')).toEqual([]);
    });
  });
}

it('bash completes from a real line, after the script was sourced twice', () => {
  const session = `source ./bash; source ./bash; complete -p longtake`;
  expect(run('bash', ['--norc', '-euc', session]).trim()).toBe('complete -F _longtake longtake');
});
