/**
 * A program: lets the Temporal SDK download its dev server into the directory given as the only argument. The SDK offers
 * that only as a part of starting one. It runs apart because it installs the SDK's runtime, which a process has once,
 * and because a download that hangs can only be ended with its process.
 */
import { TestWorkflowEnvironment } from '@temporalio/testing';

const [, , downloadDir = '.'] = process.argv;

try {
  const environment = await TestWorkflowEnvironment.createLocal({
    server: { executable: { type: 'cached-download', downloadDir } },
  });
  await environment.teardown();
} catch (error) {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
}
