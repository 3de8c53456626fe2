import { adoptCommand } from './commands/adopt.js';
import { cancelCommand } from './commands/cancel.js';
import { codecServerCommand } from './commands/codec-server.js';
import { completionCommand } from './commands/completion.js';
import { devCommand } from './commands/dev.js';
import { doctorCommand } from './commands/doctor.js';
import { generateCommand } from './commands/generate.js';
import { listCommand } from './commands/list.js';
import { modelsCommand } from './commands/models.js';
import { resolveCommand } from './commands/resolve.js';
import { simulateCommand } from './commands/simulate.js';
import { statusCommand } from './commands/status.js';
import { urlCommand } from './commands/url.js';
import { waitCommand } from './commands/wait.js';
import { workerCommand } from './commands/worker.js';
import { packageVersion } from '../package-version.js';
import { Command, type AnyCommand } from './typed-commander.js';

const GROUPS: Readonly<Record<string, () => readonly AnyCommand[]>> = {
  'Videos:': () => [generateCommand(), adoptCommand(), modelsCommand()],
  'Runs:': () => [statusCommand(), waitCommand(), listCommand(), cancelCommand(), resolveCommand(), urlCommand()],
  'Services:': () => [devCommand(), workerCommand(), simulateCommand(), codecServerCommand(), doctorCommand()],
  'Shell:': () => [completionCommand()],
};

const EXAMPLES = `
Try it without a key and without cost:
  longtake generate --local "A lighthouse at dusk, waves rolling in"

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 cancelled, 4 no Temporal,
  5 awaits a decision, 130 Ctrl-C, 143 SIGTERM (services that are stopped: 0)`;

/** The command line. Commands load what they need when they run, so that help is instant. */
export function createProgram() {
  const program = new Command('longtake')
    .description('Turns one text-to-video request into one saved MP4, durably.')
    .version(packageVersion(), '-V, --version', 'print the version')
    .option('--debug', 'show where an error comes from')
    .helpOption('-h, --help', 'show this help')
    .helpCommand(false)
    .addHelpText('after', EXAMPLES)
    .configureHelp({
      subcommandTerm: (command) => `${command.name()} ${argumentsOf(command)}`.trim(),
    })
    .showSuggestionAfterError()
    .showHelpAfterError('See: longtake --help')
    .configureOutput({
      outputError: (text, write) => {
        write(withAdvice(text));
      },
    })
    .exitOverride();
  for (const [heading, commands] of Object.entries(GROUPS)) {
    for (const command of commands()) program.addCommand(inheriting(program, command.helpGroup(heading)));
  }
  program.addCommand(inheriting(program, helpCommand(program)), { hidden: true });
  return program;
}

/** In place of commander's own, which says nothing of a command that there is not. */
function helpCommand(program: AnyCommand) {
  return new Command('help')
    .description('Shows the help of a command.')
    .argument('[command]')
    .action(async (name) => {
      if (name === undefined) program.help();
      program.commands.find((command) => command.name() === name)?.help();
      await program.parseAsync([name], { from: 'user' }); // says that it is unknown, and which one may be meant
    });
}

function withAdvice(error: string): string {
  return error.replace(/^error: too many arguments for 'generate'.*$/m, '$& Put the prompt in quotes.');
}

/** Commands that are made on their own know nothing of their parent's settings. */
function inheriting(program: AnyCommand, command: AnyCommand): AnyCommand {
  return command.copyInheritedSettings(program).showHelpAfterError(`See: longtake ${command.name()} --help`);
}

function argumentsOf(command: AnyCommand): string {
  return command.registeredArguments
    .map((argument) => (argument.required ? `<${argument.name()}>` : `[${argument.name()}]`))
    .join(' ');
}
