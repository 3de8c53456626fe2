/** Whether a host, as `URL` has it, is this machine itself; of names `localhost` alone, since no other has to lead here. */
export function isLoopbackHost(hostname: string): boolean {
  const host = bareHost(hostname);
  return /^127(\.\d{1,3}){3}$/.test(host) || host === '::1' || host === 'localhost';
}

/** `URL` keeps IPv6 in brackets. */
export function bareHost(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '');
}
