/**
 * Between a host and its users, over loopback TCP: the user sends the token of `host.json` and a line feed, the host
 * answers in JSON lines. A user is one as long as its connection stands, so its death is a leave. Add, never rename: two
 * releases may meet in one directory.
 */
import { z } from 'zod';

const hostMessageSchema = z.discriminatedUnion('type', [
  /** The token was right. Always the first. */
  z.object({ type: z.literal('welcome'), otherUsers: z.int().default(0) }),
  z.object({ type: z.literal('ready'), address: z.string(), uiUrl: z.string(), temporalPid: z.int() }),
  /** The server did not start, or runs no longer. Always the last. */
  z.object({ type: z.literal('ended'), message: z.string() }),
]);

export type HostMessage = z.infer<typeof hostMessageSchema>;
export type WelcomeMessage = Extract<HostMessage, { type: 'welcome' }>;
export type ReadyMessage = Extract<HostMessage, { type: 'ready' }>;

/** Resolves with `null` for what this release does not know. */
export function parseHostMessage(line: string): HostMessage | null {
  try {
    return hostMessageSchema.parse(JSON.parse(line));
  } catch {
    return null;
  }
}
