import type { LookupAddress } from 'node:dns';
import type { LookupFunction, Socket } from 'node:net';
import { buildConnector, Client } from 'undici';
import type { TrustedUrl } from './trusted-url.js';

type Connector = buildConnector.connector;

/** A connection of its own for one request. */
interface Connection {
  readonly client: Client;
  /** Whether it stands, with TLS where the address says so, and nothing has come over it: what came answers no request. */
  isFresh(): boolean;
  close(): void;
}

/** Nothing is shared and nothing is tried twice: what became of this connection is what became of the request. */
export function openConnection(target: TrustedUrl, connectMs: number): Connection {
  const connect = createConnector(connectMs, target.addresses);
  let attempts = 0;
  let established: Socket | null = null;
  let hasSpoken = false;
  const client = new Client(target.url.origin, {
    connect: (options, callback) => {
      attempts += 1;
      if (attempts > 1) {
        callback(new Error('one request has one connection'), null);
        return;
      }
      connect(options, (error, socket) => {
        if (error !== null) {
          callback(error, null);
          return;
        }
        established = socket;
        socket.once('readable', () => {
          hasSpoken = true;
        });
        callback(null, socket);
      });
    },
  });
  return {
    client,
    isFresh: () => established?.destroyed === false && !hasSpoken,
    close: () => void client.destroy().catch(() => undefined),
  };
}

/** How every socket of ours is opened. With `pinned`, the connection ends at one of these addresses or not at all. */
export function createConnector(connectMs: number, pinned: readonly LookupAddress[] | null): Connector {
  const connect = buildConnector({
    timeout: connectMs,
    ...(pinned === null ? {} : { lookup: answerWith(pinned) }),
  });
  return (options, callback) => {
    connect(options, (error, socket) => {
      if (error !== null) {
        callback(error, null);
      } else if (pinned !== null && !pinned.some(({ address }) => address === socket.remoteAddress)) {
        socket.destroy();
        callback(new Error('the connection did not end at a checked address'), null);
      } else {
        keepResetsErrors(socket);
        callback(null, socket);
      }
    });
  };
}

/** The name was resolved and checked already; a second look-up could give another answer (DNS rebinding). */
function answerWith(addresses: readonly LookupAddress[]): LookupFunction {
  return (hostname, options, callback) => {
    const [first] = addresses;
    if (first === undefined) callback(new Error(`${hostname} has no address`), '');
    else if (options.all === true) callback(null, [...addresses]);
    else callback(null, first.address, first.family);
  };
}

/**
 * undici 7 takes ECONNRESET after `Connection: close` for a regular end: a body without a length then counts as whole, and
 * while the reader is slow its parser throws inside an event handler, which ends the process. Under another code it is
 * an ordinary error. This listener runs first, because undici adds its own afterwards.
 */
function keepResetsErrors(socket: Socket): void {
  socket.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'ECONNRESET') error.code = 'ERR_CONNECTION_RESET';
  });
}
