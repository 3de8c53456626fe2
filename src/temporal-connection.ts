import type { ConnectionOptions } from '@temporalio/client';
import type { ClientConnectConfig } from '@temporalio/envconfig';
import { isLoopbackHost } from './contract/loopback-host.js';

/** For the client and for the worker's core, which each take what they know. */
export type TemporalConnection = ClientConnectConfig['connectionOptions'] & Pick<ConnectionOptions, 'channelArgs'>;

/** gRPC's client obeys `http_proxy` and its like, also for this very machine, which no proxy can reach in its stead. */
export function directIfHere(options: TemporalConnection, address: string): TemporalConnection {
  return isLoopbackHost(new URL(`http://${address}`).hostname)
    ? { ...options, channelArgs: { 'grpc.enable_http_proxy': 0 } }
    : options;
}
