import { jsonOption } from '../run-flags.js';
import { Command } from '../typed-commander.js';

export function modelsCommand() {
  return new Command('models')
    .summary('show what models can do, and their prices')
    .argument('[model]', 'all about this one')
    .addOption(jsonOption)
    .action(async (model, flags) => {
      const { models } = await import('../actions/models.js');
      process.exitCode = await models(model, flags);
    });
}
