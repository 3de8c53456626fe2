import { Command } from '../typed-commander.js';

export function doctorCommand() {
  return new Command('doctor')
    .summary('check that everything longtake needs is there')
    .description(
      'Checks Node, Temporal, the key, the storage, the HTTP and the webhook address. Spends nothing; exits 1 if a check fails.',
    )
    .action(async () => {
      const { doctor } = await import('../actions/doctor.js');
      process.exitCode = await doctor();
    });
}
