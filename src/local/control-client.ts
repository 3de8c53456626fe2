import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

import { parseHostMessage, type ReadyMessage, type WelcomeMessage } from './control-protocol.js';
import { deferred } from './deferred.js';
import type { HostFile } from './host-file.js';
import { readLines } from './socket-lines.js';

/** A host answers at once; one that is stopped or starved gets time. */
const WELCOME_WITHIN_MS = 15_000;

/** One user's connection to its host. */
export interface HostConnection {
  /** Somebody else was there before. */
  readonly shared: boolean;
  /** Rejects with the host's words when the server does not start, and when the host goes before it is ready. */
  readonly ready: Promise<ReadyMessage>;
  /** Resolves when the connection is over: with the host's words, or `null` when it said nothing (it was killed, or we left). */
  readonly ended: Promise<string | null>;
  /** Does not keep this process alive any longer. */
  unref(): void;
  close(): Promise<void>;
}

/** Resolves with `null` when no host with that token takes us in. */
export async function connectToHost({ port, token }: HostFile['control']): Promise<HostConnection | null> {
  const socket = connect(port, '127.0.0.1');
  const connection = follow(socket);
  const timeout = setTimeout(() => socket.destroy(), WELCOME_WITHIN_MS);
  socket.write(`${token}\n`);
  const welcome = await connection.welcome;
  clearTimeout(timeout);
  return welcome && { ...connection, shared: welcome.otherUsers > 0 };
}

function follow(socket: Socket): Omit<HostConnection, 'shared'> & { readonly welcome: Promise<WelcomeMessage | null> } {
  const welcome = deferred<WelcomeMessage | null>();
  const ready = deferred<ReadyMessage>();
  const ended = deferred<string | null>();
  ready.promise.catch(() => undefined); // a host that refuses us is not asked for more
  readLines(socket, (line) => {
    const message = parseHostMessage(line);
    if (message?.type === 'welcome') welcome.resolve(message);
    else if (message?.type === 'ready') ready.resolve(message);
    else if (message?.type === 'ended') ended.resolve(message.message);
  });
  socket.once('close', () => {
    welcome.resolve(null);
    ended.resolve(null);
  });
  void ended.promise.then((message) => {
    ready.reject(new Error(message ?? 'The process that keeps the local Temporal server was killed.'));
  });
  return {
    welcome: welcome.promise,
    ready: ready.promise,
    ended: ended.promise,
    unref: () => void socket.unref(),
    close: async () => {
      const closed = socket.closed ? null : once(socket, 'close');
      socket.destroy();
      await closed;
    },
  };
}
