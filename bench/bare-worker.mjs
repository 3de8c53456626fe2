// Temporal's worker with longtake's workflow code and nothing else; prints the milliseconds from the process's start to polling.
import { fileURLToPath } from 'node:url';
import { NativeConnection, Worker } from '@temporalio/worker';

const connection = await NativeConnection.connect({ address: process.env.TEMPORAL_ADDRESS });
const codePath = fileURLToPath(new URL('../dist/workflow-bundle.js', import.meta.url));
const worker = await Worker.create({
  connection,
  namespace: 'default',
  taskQueue: 'bare',
  workflowBundle: { codePath },
  activities: {},
});
const ended = worker.run();
console.log(performance.now());
worker.shutdown();
await ended;
await connection.close();
