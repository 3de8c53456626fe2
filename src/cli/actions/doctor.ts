import { ConfigError, loadConfig, type Config } from '../../config.js';
import type { Finding } from '../checks/finding.js';
import { checkEncryption } from '../checks/encryption.js';
import { checkHttpAddress, checkMetricsAddress } from '../checks/own-address.js';
import { checkLocalServer } from '../checks/local-server.js';
import { checkNode } from '../checks/node.js';
import { checkProvider } from '../checks/provider.js';
import { checkStorage } from '../checks/storage.js';
import { checkTemporal } from '../checks/temporal.js';
import { checkWebhook } from '../checks/webhook.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { print } from '../output.js';
import { isRich, paint } from '../terminal.js';

const CHECKS: readonly ((config: Config) => Promise<readonly Finding[]> | readonly Finding[])[] = [
  ({ warnings }) => warnings.map((text): Finding => ({ status: 'note', subject: 'configuration', text })),
  checkTemporal,
  checkProvider,
  async (config) => [await checkStorage(config)],
  async (config) => [await checkHttpAddress(config)],
  async (config) => [await checkMetricsAddress(config)],
  (config) => [checkWebhook(config)],
  (config) => [checkEncryption(config)],
  async (config) => [await checkLocalServer(config)],
];

export async function doctor(): Promise<ExitCode> {
  const findings: Finding[] = [];
  const tell = (found: readonly Finding[]): void => {
    findings.push(...found);
    for (const finding of found) tellOne(finding);
  };
  tell([checkNode()]);
  const config = readConfig();
  if ('status' in config) tell([config]);
  else for (const check of CHECKS) tell(await check(config));
  return findings.some(({ status }) => status === 'fail') ? EXIT.failed : EXIT.done;
}

function readConfig(): Config | Finding {
  try {
    return loadConfig();
  } catch (error) {
    if (error instanceof ConfigError) return { status: 'fail', subject: 'configuration', text: error.message };
    throw error;
  }
}

const PLAIN = { ok: 'ok  ', note: 'note', fail: 'FAIL' } as const;
const RICH = { ok: ['green', '✓'], note: ['yellow', '!'], fail: ['red', '✗'] } as const;
const SUBJECT_WIDTH = 17;

function tellOne({ status, subject, text }: Finding): void {
  const [style, sign] = RICH[status];
  const mark = isRich(process.stdout) ? paint(style, sign, process.stdout) : PLAIN[status];
  print(`${subject.padEnd(SUBJECT_WIDTH)} ${text}`, `${mark} `);
}
