import { isFreePort } from './loopback-port.js';

/** Where Temporal's dev server is as a rule, and where every client looks. */
export const USUAL_PORTS = { server: 7233, ui: 8233 } as const;

/** Held by whoever has a local server on its usual port: of two that start at once only one gets it. */
export function claimTo(port: number): number {
  return port < 32_768 ? port + 20_000 : port - 20_000;
}

/** Why the server is not on its usual port, in words; `null` where it is. */
export async function whyElsewhere(address: string): Promise<string | null> {
  const { server } = USUAL_PORTS;
  if (address.endsWith(`:${server}`)) return null;
  if (!(await isFreePort(server))) return `port ${server} is taken by another program, such as another Temporal`;
  return `port ${server}, or port ${claimTo(server)} that keeps it for one longtake at a time, was taken when it started`;
}
