import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';

/** Calls `onLine` for each line that comes. Errors are left to the socket's `close`: a peer that is killed is just gone. */
export function readLines(socket: Socket, onLine: (line: string) => void): void {
  socket.on('error', () => undefined);
  createInterface(socket)
    .on('error', () => undefined)
    .on('line', onLine);
}
