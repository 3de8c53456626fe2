/**
 * A program: keeps one Temporal dev server for one data directory as long as anybody is connected. It stands apart from
 * the processes that use the server so that none of them has to outlive the others, and so that the server ends even
 * when they all are killed.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';

import { ControlServer } from './control-server.js';
import { dataDirectory, type DataDirectory } from './data-directory.js';
import { startDevServer, type DevServer } from './dev-server.js';
import { parseHostArguments, type HostOptions } from './host-command.js';
import { removeHostFile, writeHostFile, type HostFile } from './host-file.js';
import { claimTo } from './usual-ports.js';

const { dataDir, options } = parseHostArguments(process.argv.slice(2));
await host(dataDirectory(dataDir), options);

async function host(directory: DataDirectory, { lingerMs, ...server }: HostOptions): Promise<void> {
  // The control port is also the claim, so that neither of two hosts takes the other's server for its own.
  const claim = claimTo(server.preferredPort);
  const token = randomUUID();
  const control = await ControlServer.listen({ port: claim, token, lingerMs });
  const ending = new AbortController();
  const over = reasonToEnd(control);
  void over.then((reason) => {
    ending.abort(new Error(reason));
  });
  const card: HostFile = {
    pid: process.pid,
    temporalPid: null,
    address: null,
    uiUrl: null,
    control: { port: control.port, token },
  };
  await writeHostFile(directory.hostFile, card);
  try {
    const preferredPort = control.port === claim ? server.preferredPort : null;
    await serve(await startDevServer({ ...server, directory, preferredPort }, ending.signal), {
      directory,
      control,
      over,
      card,
    });
  } catch (error) {
    control.announce({ type: 'ended', message: (error as Error).message });
  }
  control.close();
  await removeHostFile(directory.hostFile, process.pid);
}

interface Hosting {
  readonly directory: DataDirectory;
  readonly control: ControlServer;
  readonly over: Promise<string>;
  readonly card: HostFile;
}

async function serve(server: DevServer, { directory, control, over, card }: Hosting): Promise<void> {
  const { pid: temporalPid, address, uiUrl } = server;
  await writeHostFile(directory.hostFile, { ...card, temporalPid, address, uiUrl });
  control.announce({ type: 'ready', temporalPid, address, uiUrl });
  const message = await Promise.race([over, server.ended]);
  control.announce({ type: 'ended', message });
  control.close();
  await server.stop();
}

async function reasonToEnd(control: ControlServer): Promise<string> {
  const asked = ['SIGTERM', 'SIGINT', 'SIGHUP'].map(async (signal) => {
    await once(process, signal);
    return `The local Temporal server was stopped (${signal} to process ${process.pid}).`;
  });
  const idle = once(control, 'idle').then(() => 'The local Temporal server was stopped: nobody uses it.');
  return await Promise.race([idle, ...asked]);
}
