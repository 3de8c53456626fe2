import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

const LISTEN = `const server = require('node:net').createServer();
server.listen({ host: '127.0.0.1', port: 0, backlog: 1 }, () => process.stdout.write(String(server.address().port)));`;
/** Far more than a backlog of one lets in. */
const FILLERS = 8;

/** A port that neither accepts nor refuses: its listener is stopped, and its queue full. Freed when the test ends. */
export async function fullPort(): Promise<number> {
  const listener = spawn(process.execPath, ['-e', LISTEN], { stdio: ['ignore', 'pipe', 'inherit'] });
  const fillers: Socket[] = [];
  onTestFinished(() => {
    for (const filler of fillers) filler.destroy();
    listener.kill('SIGKILL');
  });
  const [text] = (await once(listener.stdout, 'data')) as [Buffer];
  listener.kill('SIGSTOP');
  const port = Number(text);
  for (let count = 0; count < FILLERS; count++) {
    fillers.push(connect(port, '127.0.0.1').on('error', () => undefined));
  }
  await once(fillers[0] ?? listener, 'connect');
  return port;
}
