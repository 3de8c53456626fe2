import type { DestinationStream } from 'pino';
import { prettyFactory } from 'pino-pretty';

/** One readable line a record, for people at a terminal. */
export function pinoPretty(output: DestinationStream): DestinationStream {
  const pretty = prettyFactory({
    colorize: process.stderr.isTTY,
    translateTime: 'SYS:HH:MM:ss.l',
    ignore: 'namespace,taskQueue,workflowType,activityId,isLocal,sdkComponent,sdkVersion',
    singleLine: true,
  });
  return {
    write(line) {
      const text = pretty(line);
      if (typeof text === 'string') output.write(text);
    },
  };
}
