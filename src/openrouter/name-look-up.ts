import type { LookupAddress } from 'node:dns';
import { lookup } from 'node:dns/promises';

type Addresses = readonly LookupAddress[];

const underWay = new Map<string, Promise<Addresses>>();
let turn: Promise<unknown> = Promise.resolve();

/**
 * The addresses of a host that a redirect names. One name at a time in this process, and once for all who ask meanwhile: Node
 * has two threads for look-ups, and a name whose servers do not answer keeps one for as long as the system waits, whoever
 * has given up. Submits and polls need the other.
 */
export function addressesOfForeign(host: string): Promise<Addresses> {
  const found = underWay.get(host) ?? inTurn(host);
  underWay.set(host, found);
  return found;
}

function inTurn(host: string): Promise<Addresses> {
  const found = turn.then(() => lookup(host, { all: true })).finally(() => underWay.delete(host));
  turn = found.catch(() => undefined);
  return found;
}
