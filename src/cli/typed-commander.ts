import * as commander from 'commander';
import type * as typed from '@commander-js/extra-typings';

// The typed face of commander is types alone; what runs is commander itself.
export const { Argument, Command, Help, Option } = commander as unknown as Pick<
  typeof typed,
  'Argument' | 'Command' | 'Help' | 'Option'
>;
export const { InvalidArgumentError, CommanderError } = commander;
export type AnyCommand = typed.CommandUnknownOpts;
