import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseCompose, type Service } from './compose-file.js';
import { composeProblems } from './compose-problems.js';
import { isContractVariable } from './contract-variables.js';
import { inRepository, readRepositoryFile, repositoryPath } from './repository-file.js';
import { runCommand } from './run-command.js';

const TEXT = readRepositoryFile('docker-compose.yml');
const { services } = parseCompose(TEXT);
const TEMPORAL_SET_UP = ['schema', 'namespace'];
const ONE_SHOT = [...TEMPORAL_SET_UP, 'bucket'];
/** Their images have users of their own that are not root. */
const UNPRIVILEGED_IMAGES = [
  'schema',
  'temporal',
  'namespace',
  'temporal-ui',
  'bucket',
  'worker',
  'prometheus',
  'grafana',
];

interface PrometheusFile {
  readonly scrape_configs: readonly unknown[];
}

interface ProviderFile {
  readonly providers: readonly { readonly options: { readonly path: string } }[];
}

function serviceNamed(name: string): Service {
  const service = services[name];
  if (service === undefined) throw new Error(`docker-compose.yml has no service ${name}`);
  return service;
}

describe('docker-compose.yml', () => {
  it('has PostgreSQL, Temporal, its set-up, its UI, the worker, and what watches it; S3 where it is asked for', () => {
    expect(Object.keys(services)).toEqual([
      'postgresql',
      'schema',
      'temporal',
      'namespace',
      'temporal-ui',
      'bucket',
      's3',
      'worker',
      'prometheus',
      'grafana',
    ]);
    const optional = Object.entries(services).filter(([, { profiles }]) => profiles !== undefined);
    expect(optional.map(([name, { profiles }]) => [name, profiles])).toEqual([
      ['bucket', ['s3']],
      ['s3', ['s3']],
    ]);
  });

  it('passes dclint without an error or a warning', () => {
    const dclint = repositoryPath('node_modules/dclint/bin/dclint.cjs');
    const config = repositoryPath('.dclintrc');
    const file = repositoryPath('docker-compose.yml');
    const end = runCommand(process.execPath, [dclint, '--config', config, '--max-warnings', '0', file]);
    expect(end, end.output).toMatchObject({ status: 0 });
  });

  it('names only services, volumes, networks and files that exist, and exact image versions', () => {
    expect(composeProblems(parseCompose(TEXT), inRepository)).toEqual([]);
  });

  it.each([
    ['a service that is not there', '      schema: {', '      schemas: {', 'depends on schemas'],
    [
      'a health that nobody checks',
      'namespace: { condition: service_completed_successfully',
      'namespace: { condition: service_healthy',
      'no health check',
    ],
    [
      'an end that never comes',
      'temporal: { condition: service_healthy',
      'temporal: { condition: service_completed_successfully',
      'is restarted',
    ],
    ['a volume that is not declared', '- videos:/videos', '- video:/videos', 'volume video,'],
    ['a folder that is not there', './deploy/temporal:', './deploy/temporals:', 'does not exist'],
    ['a network that is not declared', 'networks: [temporal]', 'networks: [temporals]', 'network temporals'],
    ['an image without a tag', 'postgres:16.15', 'postgres', 'has no tag'],
    ['an image that changes', 'postgres:16.15', 'postgres:latest', 'changes by itself'],
    ['an image of a whole major version', 'postgres:16.15', 'postgres:16', 'names no exact version'],
  ])('would be told of %s', (_what, right, wrong, complaint) => {
    expect(TEXT).toContain(right);
    const problems = composeProblems(parseCompose(TEXT.replaceAll(right, wrong)), inRepository);
    expect(problems.join('\n')).toContain(complaint);
  });

  it('publishes ports on the loopback interface only, and none of the database', () => {
    const ports = Object.values(services).flatMap((service) => service.ports ?? []);
    expect(ports.sort()).toEqual([
      '127.0.0.1:3000:3000',
      '127.0.0.1:7233:7233',
      '127.0.0.1:8080:8080',
      '127.0.0.1:8088-8095:8088',
      '127.0.0.1:9090:9090',
    ]);
  });

  it.each(Object.keys(services))('confines %s: read-only, no new privileges, bounded logs, an init', (name) => {
    expect(serviceNamed(name)).toMatchObject({
      init: true,
      read_only: true,
      security_opt: ['no-new-privileges:true'],
      logging: { options: { 'max-size': expect.any(String) as string, 'max-file': expect.any(String) as string } },
    });
  });

  it.each(Object.keys(services).filter((name) => name !== 'postgresql'))(
    'gives %s no capability and no root',
    (name) => {
      const { cap_drop, user } = serviceNamed(name);
      expect(cap_drop).toEqual(['ALL']);
      expect(UNPRIVILEGED_IMAGES.includes(name) || user === '1000:1000').toBe(true);
    },
  );

  it('checks the health of what runs, and brings it back', () => {
    for (const [name, service] of Object.entries(services)) {
      const runs = !ONE_SHOT.includes(name);
      expect(service.healthcheck !== undefined, `${name} has a health check`).toBe(runs);
      expect(service.restart, name).toBe(runs ? 'unless-stopped' : 'no');
    }
  });

  it('starts the worker when Temporal serves and its namespace and search attributes can be used', () => {
    expect(serviceNamed('worker').depends_on).toEqual({
      namespace: { condition: 'service_completed_successfully' },
      s3: { condition: 'service_healthy', required: false },
      temporal: { condition: 'service_healthy' },
    });
    expect(serviceNamed('temporal').depends_on).toMatchObject({
      schema: { condition: 'service_completed_successfully' },
    });
  });

  it('sets up the namespace that the worker works in, at the address where Temporal is', () => {
    const worker = serviceNamed('worker').environment;
    expect(serviceNamed('namespace').environment).toEqual({
      TEMPORAL_ADDRESS: worker?.TEMPORAL_ADDRESS,
      TEMPORAL_NAMESPACE: worker?.TEMPORAL_NAMESPACE,
    });
  });

  it('sets up the databases that the server opens, with the same account', () => {
    const server = serviceNamed('temporal').environment ?? {};
    const schema = serviceNamed('schema');
    expect(schema.environment).toEqual({
      SQL_PLUGIN: server.DB,
      SQL_HOST: server.POSTGRES_SEEDS,
      SQL_PORT: server.DB_PORT,
      SQL_USER: server.POSTGRES_USER,
      SQL_PASSWORD: server.POSTGRES_PWD,
    });
    const script = readRepositoryFile('deploy/temporal/setup-schema.sh');
    expect(script).toContain(`prepare ${server.DBNAME ?? ''} `);
    expect(script).toContain(`prepare ${server.VISIBILITY_DBNAME ?? ''} `);
  });

  it('runs scripts and settings that are mounted', () => {
    const inside = (path: string): string => path.replace('/etc/longtake/', 'deploy/temporal/');
    const paths = TEMPORAL_SET_UP.map((name) => serviceNamed(name).command?.at(-1) ?? '');
    for (const path of [...paths, serviceNamed('temporal').environment?.DYNAMIC_CONFIG_FILE_PATH ?? '']) {
      expect(inRepository(inside(path)), path).toBe(true);
    }
    for (const name of [...TEMPORAL_SET_UP, 'temporal']) {
      expect(serviceNamed(name).volumes).toContain('./deploy/temporal:/etc/longtake:ro');
    }
  });

  it('uses one version of Temporal for the server and its tools', () => {
    const version = serviceNamed('temporal').image?.split(':')[1];
    for (const name of TEMPORAL_SET_UP)
      expect(serviceNamed(name).image).toBe(`temporalio/admin-tools:${version ?? ''}`);
  });

  it('gives the worker settings that the contract has, and no other', () => {
    const unknown = Object.keys(serviceNamed('worker').environment ?? {}).filter((name) => !isContractVariable(name));
    expect(unknown).toEqual([]);
  });

  it('refuses to start without an API key, and says where to put it', () => {
    expect(serviceNamed('worker').environment?.OPENROUTER_API_KEY).toMatch(
      /^\$\{OPENROUTER_API_KEY:\?.*\.env\.example.*\}$/,
    );
  });

  it('keeps the videos in a volume, unless .env names another storage', () => {
    const { environment, volumes } = serviceNamed('worker');
    expect(environment?.LONGTAKE_STORAGE).toBe('${LONGTAKE_STORAGE:-file:///videos}');
    expect(volumes).toEqual(['videos:/videos']);
  });

  it('asks the worker for its readiness where the worker listens', () => {
    const { environment, healthcheck, ports } = serviceNamed('worker');
    expect(environment?.LONGTAKE_HTTP_ADDRESS).toBe('0.0.0.0:8088');
    expect(healthcheck?.test.join(' ')).toContain('http://127.0.0.1:8088/readyz');
    expect(ports).toEqual(['127.0.0.1:8088-8095:8088']);
  });

  it('gives the worker more time to stop than it takes by itself, so that no submit is cut', () => {
    const force = /SHUTDOWN_FORCE = '(\d+)s'/.exec(readRepositoryFile('src/worker/create-worker.ts'))?.[1];
    const minutes = /^(\d+)m$/.exec(serviceNamed('worker').stop_grace_period ?? '')?.[1];
    expect(Number(minutes) * 60).toBeGreaterThan(Number(force));
  });

  it('runs two workers, with room for more at the ports that it publishes', () => {
    const { deploy, ports } = serviceNamed('worker');
    const [, first, last] = /:(\d+)-(\d+):/.exec(ports?.[0] ?? '') ?? [];
    expect(deploy?.replicas).toBe(2);
    expect(Number(last) - Number(first) + 1).toBeGreaterThanOrEqual(4);
  });

  it('lets Prometheus find every worker where it shows its metrics', () => {
    const { scrape_configs } = parse(readRepositoryFile('deploy/prometheus/prometheus.yml')) as PrometheusFile;
    const [, port] = (serviceNamed('worker').environment?.LONGTAKE_METRICS_ADDRESS ?? '').split(':');
    expect(scrape_configs).toMatchObject([{ dns_sd_configs: [{ names: ['worker'], port: Number(port) }] }]);
    expect(serviceNamed('worker').networks).toContain('metrics');
    expect(serviceNamed('prometheus').networks).toEqual(['metrics']);
    expect(serviceNamed('prometheus').command).toContain('--config.file=/etc/longtake/prometheus.yml');
    expect(serviceNamed('prometheus').volumes).toContain('./deploy/prometheus:/etc/longtake:ro');
  });

  it('shows the dashboard in Grafana from the start, with Prometheus behind it, to whoever sits at the machine', () => {
    const { environment, networks, volumes } = serviceNamed('grafana');
    const inside = (path: string): string => path.replace('/etc/longtake/', 'deploy/grafana/');
    const provisioning = inside(environment?.GF_PATHS_PROVISIONING ?? '');
    const sources = parse(readRepositoryFile(`${provisioning}/datasources/prometheus.yml`)) as unknown;
    const { providers } = parse(readRepositoryFile(`${provisioning}/dashboards/longtake.yml`)) as ProviderFile;
    const home = environment?.GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH ?? '';
    expect(volumes).toContain('./deploy/grafana:/etc/longtake:ro');
    expect(networks).toEqual(['metrics']);
    expect(sources).toMatchObject({ datasources: [{ uid: 'prometheus', url: 'http://prometheus:9090' }] });
    expect(home.startsWith(`${providers[0]?.options.path ?? '?'}/`)).toBe(true);
    expect(inRepository(inside(home))).toBe(true);
    expect(environment).toMatchObject({ GF_AUTH_ANONYMOUS_ORG_ROLE: 'Viewer', GF_AUTH_DISABLE_LOGIN_FORM: 'true' });
  });

  it('has a storage that speaks S3 where .env.example says that it is, with the keys of .env', () => {
    const { command, environment, networks, volumes } = serviceNamed('s3');
    const example = readRepositoryFile('.env.example');
    const port = command?.[1]?.replace(':', '') ?? '';
    expect(example).toContain(`#LONGTAKE_S3_ENDPOINT=http://s3:${port}\n`);
    expect(example).toContain('#LONGTAKE_STORAGE=s3://videos\n');
    expect(environment).toEqual({
      ROOT_ACCESS_KEY: '${AWS_ACCESS_KEY_ID:-}',
      ROOT_SECRET_KEY: '${AWS_SECRET_ACCESS_KEY:-}',
    });
    // The bucket is a folder in the volume that both mount.
    expect(serviceNamed('bucket')).toMatchObject({
      command: ['mkdir', '-p', '/videos/videos'],
      volumes: ['objects:/videos'],
    });
    expect(volumes).toEqual(['objects:/data']);
    expect(command?.slice(-2)).toEqual(['posix', '/data']);
    expect(serviceNamed('worker').networks).toEqual(expect.arrayContaining([...(networks ?? ['?'])]));
  });
});
