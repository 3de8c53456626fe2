import { bashCompletion } from '../completion/bash.js';
import { wordsOf, type ProgramWords } from '../completion/command-words.js';
import { fishCompletion } from '../completion/fish.js';
import { zshCompletion } from '../completion/zsh.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import type { AnyCommand } from '../typed-commander.js';

export type Shell = 'bash' | 'zsh' | 'fish';

const SCRIPTS: Readonly<Record<Shell, (words: ProgramWords) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

export function completion(shell: Shell, program: AnyCommand): ExitCode {
  process.stdout.write(SCRIPTS[shell](wordsOf(program)));
  return EXIT.done;
}
