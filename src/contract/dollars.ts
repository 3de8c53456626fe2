/** `$0.12`; more digits only where they count. */
export function dollars(amount: number | string): string {
  const [whole = '0', fraction = ''] = String(Number(Number(amount).toFixed(6))).split('.');
  return `$${whole}.${fraction.padEnd(2, '0')}`;
}
