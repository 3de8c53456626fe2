/** One sample of a Prometheus page: `longtake_runs_total{end="succeeded"}` → 2. */
export type Samples = Readonly<Record<string, number>>;

const LEDGER = /^longtake_(submits_total|runs_total|cost_usd_total|runs_awaiting_decision)\b/;

/** What the ledger at `address` (`host:port`) has counted: counters that have not counted anything are left out. */
export async function scrape(address: string): Promise<Samples> {
  const samples = Object.entries(samplesOf(await metricsPage(address)));
  return Object.fromEntries(
    samples.filter(([name, value]) => LEDGER.test(name) && (value !== 0 || !name.includes('_total'))),
  );
}

/** The page itself, as Prometheus would get it. */
export async function metricsPage(address: string): Promise<string> {
  const response = await fetch(`http://${address}/metrics`);
  return await response.text();
}

export function samplesOf(page: string): Samples {
  const lines = page.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return Object.fromEntries(
    lines.map((line) => {
      const space = line.lastIndexOf(' ');
      return [line.slice(0, space), Number(line.slice(space + 1))];
    }),
  );
}
