import type { Config } from '../../config.js';
import type { Finding } from './finding.js';

/** Webhooks only make runs quicker: without them longtake polls. */
export function checkWebhook({ webhookUrl, openRouter, http }: Config): Finding {
  const subject = 'webhook';
  const hasSecret = openRouter.webhookSecrets.length > 0;
  if (webhookUrl === null) {
    const text = hasSecret
      ? 'signed events are taken, and none is asked for: LONGTAKE_WEBHOOK_URL is not set'
      : 'off (polling alone)';
    return { status: 'ok', subject, text };
  }
  if (!hasSecret) {
    return {
      status: 'fail',
      subject,
      text: `${webhookUrl} is set, but no event can be verified: set OPENROUTER_WEBHOOK_SECRET.`,
    };
  }
  if (http.address === null) {
    return {
      status: 'fail',
      subject,
      text: `${webhookUrl} is set, but nobody listens: LONGTAKE_HTTP_ADDRESS is "off".`,
    };
  }
  return { status: 'ok', subject, text: webhookUrl };
}
