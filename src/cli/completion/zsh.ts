import { spellings, type CommandWords, type FlagWords, type ProgramWords } from './command-words.js';

/** To be sourced, or to be put into a directory of `fpath` as `_longtake`. */
export function zshCompletion({ name, flags, commands }: ProgramWords): string {
  return `#compdef ${name}
# zsh completion for ${name}, made by: ${name} completion zsh

_${name}() {
  local curcontext=$curcontext state line
  local -a commands
  local -A opt_args
  _arguments -C \\
    ${[...flags.flatMap(specs), "'1: :->command'", "'*:: :->rest'"].join(' \\\n    ')}
  case $state in
    command)
      commands=(
${commands.map((command) => `        ${quoted(`${command.name}:${command.about}`)}`).join('\n')}
      )
      _describe -t commands command commands
      ;;
    rest)
      case $words[1] in
${commands.map(branch).join('\n')}
      esac
      ;;
  esac
}

if [[ $funcstack[1] == _${name} ]]; then
  _${name} "$@"
else
  compdef _${name} ${name}
fi
`;
}

function branch({ name, flags, operands }: CommandWords): string {
  const operand = operands.length === 0 ? "'*: :'" : `'1: :(${operands.join(' ')})'`;
  return `        ${name})
          _arguments \\
            ${[...flags.flatMap(specs), operand].join(' \\\n            ')}
          ;;`;
}

/** One for each spelling; with the one the other is offered no more. */
function specs(flag: FlagWords): string[] {
  const all = spellings(flag);
  return all.map((spelling) => {
    const equals = flag.value !== 'none' && spelling.startsWith('--') ? '=' : '';
    return quoted(`(${all.join(' ')})${spelling}${equals}[${bracketed(flag.about)}]${action(flag)}`);
  });
}

function action({ value }: FlagWords): string {
  if (value === 'none') return '';
  if (value === 'file') return ':file:_files';
  return typeof value === 'string' ? ':value: ' : `:value:(${value.join(' ')})`;
}

function bracketed(text: string): string {
  return text.replace(/[\\[\]]/g, '\\$&');
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
