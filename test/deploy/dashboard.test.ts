import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { queriesOf, readDashboard } from './dashboard-file.js';
import { promtool, withoutPrometheus } from './promtool.js';

const dashboard = readDashboard();
const { panels } = dashboard;
const COLUMNS = 24;

describe('deploy/grafana/dashboards/longtake.json', () => {
  it('answers an operator’s questions', () => {
    const titles = panels.map(({ title }) => title);
    expect(titles).toEqual(
      expect.arrayContaining([
        'Runs by state',
        'Runs by end',
        'Submits by outcome',
        'Time in queue',
        'Time to video by model',
        'Poll lag',
        'Downloads',
        'Bytes saved',
        'Cost per hour',
        'Awaiting a decision',
        'Worker slots in use',
        'Steps that fail',
      ]),
    );
  });

  it('has panels with ids of their own, which do not overlap', () => {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, cell) => (y + Math.floor(cell / w)) * COLUMNS + x + (cell % w)),
    );
    expect(new Set(cells).size).toBe(cells.length);
    for (const { gridPos } of panels) expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(COLUMNS);
  });

  it('takes its data from the source that is chosen on top', () => {
    expect(dashboard.templating.list).toMatchObject([{ name: 'datasource', type: 'datasource', query: 'prometheus' }]);
    const sources = panels.flatMap(({ datasource, targets }) => [datasource, ...targets.map((one) => one.datasource)]);
    for (const source of sources) expect(source).toEqual({ type: 'prometheus', uid: '${datasource}' });
  });

  it.skipIf(withoutPrometheus)('asks in correct PromQL', () => {
    const folder = mkdtempSync(join(tmpdir(), 'longtake-dashboard-'));
    const file = join(folder, 'queries.yml');
    const rules = queriesOf(dashboard).map((expr, number) => ({
      record: `query_${number}`,
      expr: expr.replaceAll('$__rate_interval', '1m'),
    }));
    writeFileSync(file, stringify({ groups: [{ name: 'dashboard', rules }] }));
    const end = promtool('check', 'rules', file);
    rmSync(folder, { recursive: true });
    expect(end, end.output).toMatchObject({ status: 0 });
    expect(end.output).toContain(`${rules.length} rules found`);
  });
});
