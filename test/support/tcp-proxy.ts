import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** A wire that a test can hold or cut between two real programs. */
export interface TcpProxy {
  readonly address: string;
  /** Open connections, the oldest first. */
  readonly connections: readonly Wire[];
  /** Ends every connection, and every new one at once, until `mend`. */
  cut(): void;
  mend(): void;
  close(): Promise<void>;
}

export type Direction = 'toServer' | 'toClient';

/** One connection. What is held back arrives in order when it is released. */
export interface Wire {
  hold(direction: Direction): void;
  /** Holds what comes back from the moment in which `text` passes on its way to the server. */
  holdAnswerTo(text: string): void;
  release(): void;
  heldBytes(direction: Direction): number;
}

export async function startTcpProxy(target: string): Promise<TcpProxy> {
  const [host = '', port = ''] = target.split(':');
  const open = new Map<Socket, ProxiedWire>();
  let isCut = false;
  const server = createServer((client) => {
    client.on('error', () => undefined);
    if (isCut) {
      client.destroy();
      return;
    }
    const wire = new ProxiedWire(client, connect(Number(port), host));
    open.set(client, wire);
    client.once('close', () => open.delete(client));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const end = () => {
    for (const wire of open.values()) wire.destroy();
  };
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    get connections() {
      return [...open.values()];
    },
    cut() {
      isCut = true;
      end();
    },
    mend() {
      isCut = false;
    },
    close: () => close(server, end),
  };
}

class ProxiedWire implements Wire {
  private readonly lanes: Readonly<Record<Direction, Lane>>;

  constructor(
    private readonly client: Socket,
    private readonly server: Socket,
  ) {
    this.lanes = { toServer: new Lane(client, server), toClient: new Lane(server, client) };
  }

  hold(direction: Direction): void {
    this.lanes[direction].isHeld = true;
  }

  holdAnswerTo(text: string): void {
    this.lanes.toServer.onPassing(text, () => {
      this.hold('toClient');
    });
  }

  release(): void {
    this.lanes.toServer.release();
    this.lanes.toClient.release();
  }

  heldBytes(direction: Direction): number {
    return this.lanes[direction].heldBytes();
  }

  destroy(): void {
    this.client.destroy();
    this.server.destroy();
  }
}

class Lane {
  isHeld = false;
  private held: Buffer[] = [];
  private watched: { readonly text: string; readonly tell: () => void } | null = null;

  constructor(
    from: Socket,
    private readonly to: Socket,
  ) {
    from.setNoDelay(true);
    from.on('data', (chunk: Buffer) => {
      if (this.watched !== null && chunk.includes(this.watched.text)) this.watched.tell();
      if (this.isHeld) this.held.push(chunk);
      else to.write(chunk);
    });
    from.on('error', () => to.destroy());
    from.on('close', () => to.destroy());
  }

  onPassing(text: string, tell: () => void): void {
    this.watched = { text, tell };
  }

  release(): void {
    this.isHeld = false;
    for (const chunk of this.held.splice(0)) this.to.write(chunk);
  }

  heldBytes(): number {
    return this.held.reduce((sum, chunk) => sum + chunk.length, 0);
  }
}

async function close(server: Server, end: () => void): Promise<void> {
  end();
  await new Promise<void>((resolve) => {
    server.close(() => {
      resolve();
    });
  });
}
