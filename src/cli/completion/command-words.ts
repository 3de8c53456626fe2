import { Help, type AnyCommand } from '../typed-commander.js';

/** Nothing follows; anything does; the name of a file does; or one of these words. */
export type FlagValue = 'none' | 'any' | 'file' | readonly string[];

export interface FlagWords {
  readonly short: string | null;
  readonly long: string;
  readonly about: string;
  readonly value: FlagValue;
}

export interface CommandWords {
  readonly name: string;
  readonly about: string;
  readonly flags: readonly FlagWords[];
  /** What its first argument may be; empty where that cannot be known beforehand. */
  readonly operands: readonly string[];
}

/** The command line as shells complete it, read from the program itself, so that they never differ. */
export interface ProgramWords {
  readonly name: string;
  readonly flags: readonly FlagWords[];
  readonly commands: readonly CommandWords[];
}

export function wordsOf(program: AnyCommand): ProgramWords {
  return {
    name: program.name(),
    flags: flagsOf(program),
    commands: program.createHelp().visibleCommands(program).map(commandOf),
  };
}

function commandOf(command: AnyCommand): CommandWords {
  const [first] = command.registeredArguments;
  return {
    name: command.name(),
    about: command.summary() || command.description(),
    flags: flagsOf(command),
    operands: first?.argChoices ?? [],
  };
}

function flagsOf(command: AnyCommand): FlagWords[] {
  return new Help()
    .visibleOptions(command)
    .map(({ short, long, description, required, optional, argChoices, flags }) => ({
      short: short ?? null,
      long: long ?? '',
      about: description,
      value: required || optional ? (argChoices ?? (flags.endsWith('<file>') ? 'file' : 'any')) : 'none',
    }));
}

/** Each way to write the flag. */
export function spellings({ short, long }: FlagWords): string[] {
  return short === null ? [long] : [long, short];
}
