// What `npm run verify` looks at before the tests: two checks at once, as most of them keep one core busy. What one says comes
// in one piece, when it has ended.
import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Scripts of package.json, the longest first. */
const CHECKS = ['lint', 'package:check', 'typecheck', 'format:check', 'unused'];
const AT_ONCE = 2;

async function checkNext() {
  for (let name = CHECKS.shift(); name !== undefined; name = CHECKS.shift()) {
    const child = spawn('npm', ['run', name], { stdio: ['ignore', 'pipe', 'pipe'] });
    /** @type {Buffer[]} */
    const said = [];
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (/** @type {Buffer} */ chunk) => said.push(chunk));
    await once(child, 'close');
    process.stdout.write(Buffer.concat(said));
    if (child.exitCode === 0) continue;
    console.error(`npm run ${name} ended with ${child.exitCode ?? child.signalCode}`);
    process.exitCode = 1;
  }
}

await Promise.all(Array.from({ length: AT_ONCE }, checkNext));
