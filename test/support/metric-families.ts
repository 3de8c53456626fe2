/** A family of metrics on a Prometheus page. */
export interface MetricFamily {
  readonly kind: string;
  /** Without `le`, which every histogram has. */
  readonly labels: readonly string[];
}

/** Every family on the page, by its name. */
export function metricFamilies(page: string): ReadonlyMap<string, MetricFamily> {
  const types = [...page.matchAll(/^# TYPE (\w+) (\w+)$/gm)];
  return new Map(types.map(([, name = '', kind = '']) => [name, { kind, labels: labelsOf(page, name) }]));
}

function labelsOf(page: string, name: string): string[] {
  const series = page.matchAll(new RegExp(`^${name}(?:_bucket|_sum|_count)?\\{(.*)\\} `, 'gm'));
  const labels = [...series].flatMap(([, text = '']) => [...text.matchAll(/(\w+)="/g)].map(([, label = '']) => label));
  return [...new Set(labels)].filter((label) => label !== 'le').sort();
}
