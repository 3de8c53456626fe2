import type { Finding } from './finding.js';

const NEEDED = [20, 19] as const;

export function checkNode(version = process.versions.node): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isEnough = major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1]);
  const subject = 'node';
  if (isEnough) return { status: 'ok', subject, text: version };
  return { status: 'fail', subject, text: `${version} is too old: install Node ${NEEDED.join('.')} or newer.` };
}
