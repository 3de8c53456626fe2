import { loadConfig } from '../../config.js';
import { isLoopbackHost } from '../../contract/loopback-host.js';
import { createEncryptionCodec } from '../../encryption/encryption-codec.js';
import { RefusalLog } from '../../observability/refusal-log.js';
import { startHttpServer, type HttpServer } from '../../worker/http-server.js';
import { codecRoutes, type CodecRoutesOptions } from '../codec-routes.js';
import { usageError } from '../errors.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { addressText, listenProblem } from '../http-listener.js';
import { untilAborted, watchInterruption } from '../interruption.js';
import { say, warn } from '../output.js';

export interface CodecServerFlags {
  readonly port: number;
  readonly host: string;
  readonly origin: readonly string[];
}

/** Runs until Ctrl-C, which is its proper end. */
export async function codecServer({ host, port, origin }: CodecServerFlags): Promise<ExitCode> {
  const { signal } = watchInterruption();
  const { encryption, codecToken } = loadConfig();
  if (encryption.current === null && encryption.old.length === 0) {
    throw usageError(
      'LONGTAKE_ENCRYPTION_KEY is not set, so there is nothing to decrypt. Set it to the key that the workers have.',
    );
  }
  if (codecToken === null) {
    throw usageError(
      'LONGTAKE_CODEC_TOKEN is not set: without it anybody could decrypt. To make one: openssl rand -hex 32',
    );
  }
  checkOrigins(origin);
  const codec = createEncryptionCodec(encryption);
  const refusals = new RefusalLog();
  const onRefused = (from: string) => {
    refusals.note((more) => {
      warn(
        `Refused a caller at ${from}, whose token is missing or wrong${more}. It has to be LONGTAKE_CODEC_TOKEN. A browser sends it only where this server was opened under the host name of the UI.`,
      );
    });
  };
  const failures = new RefusalLog();
  const onFailed = (from: string, why: string) => {
    failures.note((more) => {
      warn(`Could not serve ${from}${more}: ${why}`);
    });
  };
  const server = await start({ host, port }, { codec, token: codecToken, origins: origin, onRefused, onFailed });
  const url = `http://${addressText(server.address)}`;
  say(`The codec server answers at ${url} until Ctrl-C, for a UI at ${origin.join(' or ')}.`);
  for (const ui of origin)
    say(`To use it with that UI, open ${besideUi(ui, server.address.port)} in its browser once.`);
  say('To use it with the CLI of Temporal:');
  say(`  temporal workflow show --codec-endpoint ${url} --codec-auth "Bearer $LONGTAKE_CODEC_TOKEN" -w ID`);
  await untilAborted(signal);
  await server.close();
  return EXIT.done;
}

/** A browser sends the token only to the host name that the page has. Where that is no machine of one's own, a proxy stands before both. */
function besideUi(origin: string, port: number): string {
  const { hostname } = new URL(origin);
  return isLoopbackHost(hostname) ? `http://${hostname}:${port}` : `it by a name of the site of ${origin}`;
}

/** As a browser sends it: a path or a slash at the end would never match. */
function checkOrigins(origins: readonly string[]): void {
  for (const origin of origins) {
    if (!URL.canParse(origin) || new URL(origin).origin !== origin) {
      throw usageError(`--origin must be an origin such as https://temporal.example.com, not "${origin}".`);
    }
  }
}

async function start(address: HttpServer['address'], options: CodecRoutesOptions): Promise<HttpServer> {
  try {
    return await startHttpServer(address, codecRoutes(options));
  } catch (error) {
    throw usageError(`${addressText(address)} ${listenProblem(error)}. Give another --host or --port.`);
  }
}
