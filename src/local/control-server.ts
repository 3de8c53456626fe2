import { EventEmitter } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';

import type { HostMessage } from './control-protocol.js';
import { listenOnLoopback } from './loopback-port.js';
import { readLines } from './socket-lines.js';

/** A starter that has not come by then has died. */
const FIRST_USER_MS = 30_000;
const TOKEN_WITHIN_MS = 5_000;

/** The host's side: counts its users, tells them the news, and emits `idle` once nobody has been there for a while. */
export class ControlServer extends EventEmitter<{ idle: [] }> {
  readonly #server: Server;
  readonly #users = new Set<Socket>();
  #latest: HostMessage | null = null;
  #linger: NodeJS.Timeout;

  private constructor(
    server: Server,
    readonly port: number,
    private readonly token: string,
    private readonly lingerMs: number,
  ) {
    super();
    this.#server = server.on('connection', (socket) => {
      this.#admit(socket);
    });
    this.#linger = this.#idleIn(FIRST_USER_MS);
  }

  /** Listens on `port` if it is free, else on one of the OS's choice. */
  static async listen(options: { port: number; token: string; lingerMs: number }): Promise<ControlServer> {
    for (const wanted of [options.port, 0]) {
      const server = createServer();
      const port = await listenOnLoopback(server, wanted);
      if (port !== null) return new ControlServer(server, port, options.token, options.lingerMs);
    }
    throw new Error('the system has no free port');
  }

  /** Tells every user, and those who come later. */
  announce(message: HostMessage): void {
    this.#latest = message;
    for (const user of this.#users) send(user, message);
  }

  /** Takes nobody in any more, and lets go those who are here, after the last news. */
  close(): void {
    clearTimeout(this.#linger);
    this.#server.close();
    for (const user of this.#users) user.destroySoon();
  }

  #admit(socket: Socket): void {
    const impatience = setTimeout(() => socket.destroy(), TOKEN_WITHIN_MS);
    socket.on('close', () => {
      clearTimeout(impatience);
      this.#depart(socket);
    });
    readLines(socket, (line) => {
      clearTimeout(impatience);
      if (line === this.token && this.#server.listening) this.#welcome(socket);
      else socket.destroy();
    });
  }

  #welcome(user: Socket): void {
    clearTimeout(this.#linger);
    send(user, { type: 'welcome', otherUsers: this.#users.size });
    this.#users.add(user);
    if (this.#latest !== null) send(user, this.#latest);
  }

  #depart(user: Socket): void {
    if (this.#users.delete(user) && this.#users.size === 0 && this.#server.listening) {
      this.#linger = this.#idleIn(this.lingerMs);
    }
  }

  #idleIn(ms: number): NodeJS.Timeout {
    return setTimeout(() => {
      this.close(); // before anybody hears of it: who comes now must start anew
      this.emit('idle');
    }, ms);
  }
}

function send(user: Socket, message: HostMessage): void {
  user.write(`${JSON.stringify(message)}\n`);
}
