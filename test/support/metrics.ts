/** One sample of a Prometheus page: `longtake_runs_total{end="succeeded"}` → 2, with the labels that every line has left out. */
export type Samples = Readonly<Record<string, number>>;

/** longtake's own metrics at `address` (`host:port`), as Prometheus would scrape them. */
export async function scrape(address: string): Promise<Samples> {
  const response = await fetch(`http://${address}/metrics`);
  const lines = (await response.text()).split('\n').filter((line) => line.startsWith('longtake_'));
  return Object.fromEntries(
    lines.map((line) => {
      const space = line.lastIndexOf(' ');
      return [
        line
          .slice(0, space)
          .replace(/service_name="[^"]*",?/, '')
          .replace(/,\}$/, '}'),
        Number(line.slice(space + 1)),
      ];
    }),
  );
}
