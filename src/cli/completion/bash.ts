import { spellings, type CommandWords, type FlagWords, type ProgramWords } from './command-words.js';

/** Needs nothing but bash itself, also the old one of macOS. */
export function bashCompletion({ name, flags, commands }: ProgramWords): string {
  return `# bash completion for ${name}, made by: ${name} completion bash

_${name}() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD - 1]} command= words= index
  # "--state=failed" comes as three words.
  if [[ $word == '=' ]]; then
    word=
  elif [[ $before == '=' ]]; then
    before=\${COMP_WORDS[COMP_CWORD - 2]}
  fi
  for ((index = 1; index < COMP_CWORD; index++)); do
    if [[ \${COMP_WORDS[index]} != -* ]]; then
      command=\${COMP_WORDS[index]}
      break
    fi
  done
  COMPREPLY=()
  case "$command $before" in
${commands.flatMap(values).join('\n')}
    *)
      case "$command $word" in
        ' -'*) words='${flags.flatMap(spellings).join(' ')}' ;;
        ' '*) words='${commands.map((command) => command.name).join(' ')}' ;;
${commands.map(operands).join('\n')}
      esac
      ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}

complete -F _${name} ${name}
`;
}

const FILES = `
      local IFS=$'\\n'
      compopt -o filenames 2>/dev/null
      COMPREPLY=($(compgen -f -- "$word"))
      return
      `;

/** After a flag that wants a value: its choices, files, or nothing. */
function values({ name, flags }: CommandWords): string[] {
  return flags.flatMap((flag) => {
    if (flag.value === 'none') return [];
    const patterns = spellings(flag).map((spelling) => `'${name} ${spelling}'`);
    return [`    ${patterns.join(' | ')})${offer(flag)};;`];
  });
}

function offer({ value }: FlagWords): string {
  if (value === 'file') return FILES;
  return typeof value === 'string' ? ' ' : ` words='${value.join(' ')}' `;
}

function operands({ name, flags, operands: choices }: CommandWords): string {
  const offered = `        '${name} -'*) words='${flags.flatMap(spellings).join(' ')}' ;;`;
  return choices.length === 0 ? offered : `${offered}\n        '${name} '*) words='${choices.join(' ')}' ;;`;
}
