import { parse } from 'yaml';
import { readRepositoryFile } from './repository-file.js';

export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly runbook: string };
}

export function readAlertRules(): readonly AlertRule[] {
  const { groups } = parse(readRepositoryFile('deploy/prometheus/alerts.yml')) as {
    groups: readonly { rules: readonly AlertRule[] }[];
  };
  return groups.flatMap(({ rules }) => rules);
}
