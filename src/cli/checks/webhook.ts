import type { Config } from '../../config.js';
import type { Finding } from './finding.js';

/** Webhooks only make runs quicker: without them longtake polls. */
export function checkWebhook({ webhookUrl, openRouter, http }: Config): Finding {
  const subject = 'webhook';
  const hasSecret = openRouter.webhookSecrets.length > 0;
  if (webhookUrl === null) return { status: 'ok', subject, text: 'off (polling alone)' };
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
