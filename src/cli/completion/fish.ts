import type { CommandWords, FlagWords, ProgramWords } from './command-words.js';

export function fishCompletion({ name, flags, commands }: ProgramWords): string {
  const complete = `complete -c ${name}`;
  const first = `${complete} -n __fish_use_subcommand`;
  return [
    `# fish completion for ${name}, made by: ${name} completion fish`,
    `${complete} -f`,
    ...flags.map((flag) => `${first} ${flagWords(flag)}`),
    ...commands.map((command) => `${first} -a ${command.name} -d ${quoted(command.about)}`),
    ...commands.flatMap((command) => within(complete, command)),
    '',
  ].join('\n');
}

function within(complete: string, { name, flags, operands }: CommandWords): string[] {
  const here = `${complete} -n ${quoted(`__fish_seen_subcommand_from ${name}`)}`;
  const offered = flags.map((flag) => `${here} ${flagWords(flag)}`);
  return operands.length === 0 ? offered : [...offered, `${here} -a ${quoted(operands.join(' '))}`];
}

function flagWords({ short, long, about, value }: FlagWords): string {
  const name = `${short === null ? '' : `-s ${short.slice(1)} `}-l ${long.slice(2)}`;
  return `${name}${argument(value)} -d ${quoted(about)}`;
}

function argument(value: FlagWords['value']): string {
  if (value === 'none') return '';
  if (value === 'file') return ' -r -F';
  return typeof value === 'string' ? ' -x' : ` -x -a ${quoted(value.join(' '))}`;
}

function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}
