import { readRepositoryFile } from './repository-file.js';

/** What the tests look at in Grafana's JSON. */
export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly schemaVersion: number;
  readonly templating: { readonly list: readonly { readonly name: string; readonly type: string }[] };
  readonly panels: readonly Panel[];
}

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly type: string;
  readonly datasource: DataSource;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets: readonly { readonly refId: string; readonly datasource: DataSource; readonly expr: string }[];
}

interface DataSource {
  readonly type: string;
  readonly uid: string;
}

export function readDashboard(): Dashboard {
  return JSON.parse(readRepositoryFile('deploy/grafana/dashboards/longtake.json')) as Dashboard;
}

export function queriesOf({ panels }: Dashboard): string[] {
  return panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
}
