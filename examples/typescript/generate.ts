import { LongtakeClient, LongtakeError } from 'longtake';

try {
  // Connects as TEMPORAL_ADDRESS and the other TEMPORAL_* variables say; without them to localhost:7233.
  const longtake = await LongtakeClient.connect();
  try {
    // The id is the idempotency key: the same one again, running or closed, never starts a second job.
    const run = await longtake.start(
      {
        request: {
          model: 'google/veo-3.1-lite',
          prompt: 'A lighthouse at dusk, waves rolling in',
          duration: 4,
          resolution: '720p',
          aspect_ratio: '16:9',
        },
        maxCostUsd: 0.5,
      },
      { id: process.argv[2] ?? 'lighthouse' },
    );
    const { assets, costUsd } = await run.result();
    for (const { uri, sha256 } of assets) console.log(uri, sha256);
    console.log(`cost: ${costUsd === null ? 'not known' : `$${costUsd}`}`);
  } finally {
    await longtake.close();
  }
} catch (error) {
  if (!(error instanceof LongtakeError)) throw error;
  // Match on the type, which is stable. docs/errors has a page for each. The message says what may be billed.
  console.error(`${error.type}: ${error.message}`);
  if (error.jobId !== null) console.error(`job: ${error.jobId}`);
  process.exitCode = 1;
}
