import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readAlertRules } from './alert-rules.js';
import { promtool, withoutPrometheus } from './promtool.js';
import { readRepositoryFile, repositoryPath } from './repository-file.js';

const CASES = 'test/deploy/alerts.promtool.yml';
const names = readAlertRules().map(({ alert }) => alert);

interface Case {
  readonly alert_rule_test: readonly { readonly alertname: string; readonly exp_alerts: readonly unknown[] }[];
}

describe('deploy/prometheus', () => {
  it.skipIf(withoutPrometheus).each([
    ['prometheus.yml and the rules that it names', ['check', 'config', 'deploy/prometheus/prometheus.yml']],
    ['every case of the alerts', ['test', 'rules', CASES]],
  ])('passes promtool: %s', (_what, [command = '', kind = '', path = '']) => {
    const end = promtool(command, kind, repositoryPath(path));
    expect(end, end.output).toMatchObject({ status: 0 });
  });

  it('has a case in which each alert fires, and one in which it does not', () => {
    const { tests } = parse(readRepositoryFile(CASES)) as { tests: readonly Case[] };
    const checks = tests.flatMap((one) => one.alert_rule_test);
    const of = (fires: boolean): string[] =>
      checks.filter(({ exp_alerts }) => exp_alerts.length > 0 === fires).map(({ alertname }) => alertname);
    expect([...new Set(of(true))].sort()).toEqual([...names].sort());
    expect([...new Set(of(false))].sort()).toEqual([...names].sort());
  });
});
