import { parseCompose, type Service } from '../deploy/compose-file.js';
import { readRepositoryFile, repositoryPath } from '../deploy/repository-file.js';

/** A service of `docker-compose.yml` as its container would have it, to be started without one. */
export interface ComposeService {
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly replicas: number;
}

export interface ReadOptions {
  /** What would stand in `.env`. */
  readonly dotEnv?: Readonly<Record<string, string>>;
  /** What has to be another one outside of a container, for variables that the service has: addresses and ports. */
  readonly instead?: Readonly<Record<string, string>>;
}

const { services } = parseCompose(readRepositoryFile('docker-compose.yml'));

/** @throws Error - there is no such service, or it has no variable that is to be another one */
export function composeService(name: string, { dotEnv = {}, instead = {} }: ReadOptions = {}): ComposeService {
  const service = services[name];
  if (service === undefined) throw new Error(`docker-compose.yml has no service ${name}`);
  const own = Object.entries(service.environment ?? {}).map(([key, value]) => [key, interpolated(value, dotEnv)]);
  const environment: Record<string, string> = {
    ...(service.env_file === undefined ? {} : dotEnv),
    ...(Object.fromEntries(own) as Record<string, string>),
  };
  const unknown = Object.keys(instead).filter((key) => !(key in environment));
  if (unknown.length > 0) throw new Error(`service ${name} of docker-compose.yml does not set ${unknown.join(', ')}`);
  return {
    command: (service.command ?? []).map((word) => outside(word, service)),
    environment: mapValues({ ...environment, ...instead }, (value) => outside(value, service)),
    replicas: service.deploy?.replicas ?? 1,
  };
}

/** `${NAME:-default}` and `${NAME:?what to do}`, as compose reads them. */
function interpolated(text: string, dotEnv: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$\{(\w+):([-?])([^}]*)\}/g, (_whole, name: string, kind: string, rest: string) => {
    const value = dotEnv[name] ?? '';
    if (value === '' && kind === '?') throw new Error(`${name}: ${rest}`);
    return value === '' ? rest : value;
  });
}

/** A path that a volume leads to a folder of the repository. */
function outside(text: string, { volumes = [] }: Service): string {
  for (const volume of volumes) {
    const [source = '', target = ''] = volume.split(':');
    if (source.startsWith('./') && text.startsWith(`${target}/`))
      return repositoryPath(source.slice(2)) + text.slice(target.length);
  }
  return text;
}

function mapValues(record: Readonly<Record<string, string>>, change: (value: string) => string) {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}
