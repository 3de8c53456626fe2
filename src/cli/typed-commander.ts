import * as commander from 'commander';
import type * as typed from '@commander-js/extra-typings';

// The typed face of commander is types alone; what runs is commander itself.
export const { Command, Option } = commander as unknown as Pick<typeof typed, 'Command' | 'Option'>;
export const { InvalidArgumentError, CommanderError } = commander;
export type AnyCommand = typed.CommandUnknownOpts;
