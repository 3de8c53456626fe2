import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { LIMITS } from '../contract/limits.js';
import { BoundedMap } from '../observability/bounded-map.js';
import { RefusalLog } from '../observability/refusal-log.js';
import type { Route } from '../worker/http-server.js';
import type { DeliverEvent } from './deliver-event.js';
import type { AdoptLostJob } from './lost-job.js';
import { parseEvent } from './parse-event.js';
import { readBody, type BodyLimits } from './read-body.js';
import { isSignedBy } from './verify-signature.js';

export interface WebhookOptions {
  /** Two while one is being replaced. None: there is no such route. */
  readonly secrets: readonly string[];
  readonly deliver: DeliverEvent;
  readonly adoptLostJob: AdoptLostJob;
  readonly logger: Pick<Logger, 'debug' | 'info' | 'warn'>;
  /** Default: those of `LIMITS`. */
  readonly limits?: Partial<BodyLimits>;
}

interface Answer {
  readonly status: number;
  /** Nothing that a stranger could learn from. */
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const CLOSE = { connection: 'close' };
const ACCEPTED: Answer = { status: 204 };
const NOT_AN_EVENT: Answer = { status: 400, text: 'not an event' };
const NOT_SIGNED: Answer = { status: 401, text: 'not signed' };
const NO_SUCH_RUN: Answer = { status: 404, text: 'no such run' };
const TRY_AGAIN: Answer = { status: 503, text: 'try again later', headers: { 'retry-after': '30' } };
const NO_BODY = {
  'too large': { status: 413, text: 'too large', headers: CLOSE },
  'too slow': { status: 408, text: 'too slow', headers: CLOSE },
  'broken off': { status: 400, text: 'broken off', headers: CLOSE },
} as const satisfies Record<string, Answer>;

const UNSIGNED =
  'a webhook was refused: its signature is missing, wrong or not of this time. Are OPENROUTER_WEBHOOK_SECRET and the clock right?';

/** So many are remembered. Each takes an event that the provider has signed, so that nobody can fill the log with others. */
const LOST_JOBS = 1_000;

interface Receiver extends WebhookOptions {
  readonly onUnsigned: () => void;
  readonly lostJobs: BoundedMap<string, true>;
}

/** `POST /webhooks/openrouter/<workflow id>`: signed events from the provider, each a hint for one run. */
export function webhookRoutes(options: WebhookOptions): readonly Route[] {
  if (options.secrets.length === 0) return [];
  const refusals = new RefusalLog();
  const lostJobs = new BoundedMap<string, true>(LOST_JOBS);
  const onUnsigned = () => {
    refusals.note((more) => {
      options.logger.warn(UNSIGNED + more);
    });
  };
  return [
    {
      method: 'POST',
      // A proxy on the way may have decoded the slashes of the id.
      path: /^\/webhooks\/openrouter\/(.+)$/,
      handle: async (request, response, match) => {
        send(response, await receive(request, match[1] ?? '', { ...options, onUnsigned, lostJobs }));
        request.resume(); // what was not read must not keep the sender from reading the answer
      },
    },
  ];
}

/** The order is the contract's: size, signature, form, run. */
async function receive(request: IncomingMessage, encodedId: string, options: Receiver): Promise<Answer> {
  const { secrets, logger } = options;
  const limits = { maxBytes: LIMITS.webhookBytes, withinMs: LIMITS.webhookBodyMs, ...options.limits };
  const body = await readBody(request, limits);
  if (typeof body === 'string') return NO_BODY[body];
  if (!isSignedBy(secrets, { signature: signatureOf(request), body }, Date.now())) {
    options.onUnsigned();
    return NOT_SIGNED;
  }
  const event = parseEvent(body);
  if (event === null) {
    logger.warn('a signed webhook was refused: it is no event of a video generation');
    return NOT_AN_EVENT;
  }
  const workflowId = decoded(encodedId);
  if (workflowId === null) return NO_SUCH_RUN;
  const subject = { workflowId, jobId: event.jobId, status: event.status };
  try {
    if (!(await options.deliver(workflowId, event))) {
      await tellOfLostJob(subject, options);
      return NO_SUCH_RUN;
    }
  } catch (error) {
    logger.warn({ ...subject, err: error }, 'a webhook could not be passed on: the provider is asked to send it again');
    return TRY_AGAIN;
  }
  logger.info(subject, 'a webhook was passed on to its run');
  return ACCEPTED;
}

/** The run takes no event any more, and nothing else may know of the job. Each is told of once: the provider repeats itself. */
async function tellOfLostJob(
  subject: { readonly workflowId: string; readonly jobId: string },
  { logger, lostJobs, adoptLostJob }: Receiver,
): Promise<void> {
  const key = JSON.stringify([subject.workflowId, subject.jobId]);
  const command = lostJobs.get(key) === true ? null : await adoptLostJob(subject.workflowId, subject.jobId);
  if (command === null || lostJobs.get(key) === true) {
    logger.debug(subject, 'a webhook came for a run that is closed or not there');
    return;
  }
  lostJobs.set(key, true);
  logger.warn(
    subject,
    `a webhook names a job that its run, which has ended, did not know of: it may be billed. To get the paid video: ${command}`,
  );
}

function signatureOf({ headers }: IncomingMessage): string | undefined {
  const value = headers['x-openrouter-signature'];
  return Array.isArray(value) ? value.join(',') : value;
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

function send(response: ServerResponse, { status, text, headers }: Answer): void {
  if (response.destroyed) return;
  const type = text === undefined ? {} : { 'content-type': 'text/plain; charset=utf-8' };
  response.writeHead(status, { ...type, 'cache-control': 'no-store', ...headers });
  response.end(text === undefined ? undefined : `${text}\n`);
}
