import { loadClientConnectConfig } from '@temporalio/envconfig';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { z } from 'zod';
import { inPlainWords } from './contract/issue-words.js';
import { DEFAULT_TASK_QUEUE } from './contract/names.js';
import { parseEncryptionKey, type EncryptionKeys } from './encryption/encryption-keys.js';
import { parseBaseUrl } from './openrouter/trusted-url.js';
import { packageVersion } from './package-version.js';
import { directIfHere, type TemporalConnection } from './temporal-connection.js';
import { unknownVariables } from './unknown-variables.js';

/** A wrong setting. The message names every variable that is wrong, and never a secret's value. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface Config {
  readonly openRouter: {
    /** `null` when there is none: a worker refuses to start, `--local` and `dev` use the simulator. */
    readonly apiKey: string | null;
    readonly baseUrl: string;
    readonly webhookSecrets: readonly string[];
  };
  readonly temporal: {
    readonly connection: TemporalConnection;
    readonly address: string;
    readonly namespace: string;
    /** Whether the user named a cluster, by address or by profile. */
    readonly given: boolean;
    /** Whether it was by `TEMPORAL_ADDRESS`. */
    readonly addressIsSet: boolean;
    readonly cliPath: string | null;
  };
  readonly taskQueue: string;
  /** The version of its Worker Deployment that a worker is to Temporal; `null`: it is not versioned. */
  readonly workerVersion: { readonly deploymentName: string; readonly buildId: string } | null;
  /** `file:///dir`, `s3://bucket/prefix` or a plain path. */
  readonly storage: string;
  /** For `s3://`; without an endpoint it is AWS. Credentials and region are found by the AWS SDK itself. */
  readonly s3: { readonly endpoint: string | null; readonly forcePathStyle: boolean };
  readonly maxVideoBytes: number;
  readonly maxConcurrentDownloads: number;
  readonly http: { readonly address: Address | null; readonly given: boolean };
  readonly metricsAddress: Address | null;
  readonly webhookUrl: string | null;
  /** Whether there is a collector for traces; OpenTelemetry reads the rest of `OTEL_*` itself. */
  readonly traces: boolean;
  /** Of what Temporal stores. */
  readonly encryption: EncryptionKeys;
  /** What callers of `longtake codec-server` must show. */
  readonly codecToken: string | null;
  /** Every secret that the environment holds, whoever reads it: never to appear in a log line. */
  readonly secrets: readonly string[];
  /** What is odd about the environment and no fault, as sentences. */
  readonly warnings: readonly string[];
  readonly log: { readonly level: LogLevel; readonly format: 'pretty' | 'json' };
  /** `PATH`, where executables are looked for. */
  readonly searchPath: string;
  /** Where the user's cached files go, where that was said. */
  readonly cache: { readonly xdgCacheHome: string | undefined; readonly localAppData: string | undefined };
  /** What a download or a build of the Temporal CLI runs in: the way to the network, and Go's own settings. No secrets. */
  readonly toolEnvironment: Record<string, string>;
  readonly noColor: boolean;
}

const OF_TOOLS =
  /^(HOME|USERPROFILE|XDG_CACHE_HOME|LOCALAPPDATA|TMPDIR|TEMP|TMP|SYSTEMROOT|C?GO[A-Z0-9_]*|(HTTPS?|NO|ALL)_PROXY|SSL_CERT_(FILE|DIR)|NODE_EXTRA_CA_CERTS)$/i;

const SECRETS = [
  'OPENROUTER_API_KEY',
  'OPENROUTER_WEBHOOK_SECRET',
  'LONGTAKE_ENCRYPTION_KEY',
  'LONGTAKE_ENCRYPTION_OLD_KEYS',
  'LONGTAKE_CODEC_TOKEN',
  'TEMPORAL_API_KEY',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
] as const;

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

const GIB = 1024 ** 3;

const address = z.string().transform((text, context) => {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^:[\]/]*)):(\d{1,5})$/i.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) {
    context.addIssue({ code: 'custom', message: 'must look like "127.0.0.1:8088"' });
    return z.NEVER;
  }
  return { host: match[1] ?? (match[2] === '' ? '0.0.0.0' : (match[2] ?? '')), port };
});

const addressOrOff = z.union(
  [z.literal('off').transform(() => null), address],
  'must look like "127.0.0.1:8088", or be "off"',
);

const baseUrl = z.string().transform((text, context) => {
  try {
    return parseBaseUrl(text).href;
  } catch (error) {
    context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : 'is no address' });
    return z.NEVER;
  }
});

const secrets = z.string().transform((text) => text.split(',').map((secret) => secret.trim()));

const NOT_A_KEY = 'must be 32 bytes in base64, as "openssl rand -base64 32" prints them';

const encryptionKey = z.string().transform((text, context) => {
  const key = parseEncryptionKey(text.trim());
  if (key !== null) return key;
  context.addIssue({ code: 'custom', message: NOT_A_KEY });
  return z.NEVER;
});

/** `@temporalio/envconfig` takes any other word for "off". */
const temporalSwitch = z.enum(['true', 'false', '1', '0'], 'must be true or false').optional();

/** What the server takes. */
const DEPLOYMENT_NAME = /^(?!__)[^.:]{1,200}$/;
const NO_DEPLOYMENT_NAME = 'must be at most 200 characters without "." and ":", and not begin with "__"';

const presentFile = z
  .string()
  .refine((path) => existsSync(path), 'names a file that is not there')
  .refine((path) => statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true, 'names a directory')
  .optional();

const schema = z.object({
  OPENROUTER_API_KEY: z
    .string()
    .trim()
    .regex(/^[\x21-\x7e]+$/, 'must be one word of printable ASCII, as openrouter.ai shows it')
    .optional(),
  OPENROUTER_BASE_URL: baseUrl.default('https://openrouter.ai/api/v1'),
  OPENROUTER_WEBHOOK_SECRET: secrets
    .refine((list) => !list.includes(''), 'has nothing before, after or between its commas')
    .refine((list) => list.length <= 2, 'takes one secret, or two while one is being replaced')
    .default([]),
  LONGTAKE_TASK_QUEUE: z.string().trim().min(1).max(200).default(DEFAULT_TASK_QUEUE),
  LONGTAKE_WORKER_VERSIONING: z.enum(['on', 'off'], 'must be on or off').default('off'),
  TEMPORAL_CONFIG_FILE: presentFile,
  TEMPORAL_TLS_CLIENT_CERT_PATH: presentFile,
  TEMPORAL_TLS_CLIENT_KEY_PATH: presentFile,
  TEMPORAL_TLS_SERVER_CA_CERT_PATH: presentFile,
  TEMPORAL_TLS: temporalSwitch,
  TEMPORAL_TLS_DISABLE_HOST_VERIFICATION: temporalSwitch,
  TEMPORAL_DEPLOYMENT_NAME: z.string().regex(DEPLOYMENT_NAME, NO_DEPLOYMENT_NAME).optional(),
  TEMPORAL_WORKER_BUILD_ID: z
    .string()
    .regex(/^(?!__)[\x21-\x7e]{1,200}$/, 'must be one word of printable ASCII that does not begin with "__"')
    .optional(),
  LONGTAKE_STORAGE: z.string().min(1).default('./videos'),
  LONGTAKE_S3_ENDPOINT: z
    .url({ protocol: /^https?$/, error: 'must be an http or https address' })
    .refine((text) => !/[?#@]/.test(text), 'must be an address without credentials, query or fragment')
    .optional(),
  LONGTAKE_S3_FORCE_PATH_STYLE: z
    .enum(['true', 'false'], 'must be true or false')
    .transform((text) => text === 'true')
    .optional(),
  LONGTAKE_MAX_VIDEO_BYTES: z.coerce
    .number('must be a whole number of bytes')
    .int('must be a whole number of bytes')
    .min(1, 'must be above zero')
    .default(4 * GIB),
  LONGTAKE_MAX_CONCURRENT_DOWNLOADS: z.coerce
    .number('must be a whole number')
    .int('must be a whole number')
    .min(1, 'must be above zero')
    .default(20),
  LONGTAKE_HTTP_ADDRESS: addressOrOff.default({ host: '127.0.0.1', port: 8088 }),
  LONGTAKE_METRICS_ADDRESS: addressOrOff.default(null),
  LONGTAKE_WEBHOOK_URL: z
    .url({ protocol: /^https$/, error: 'must be an https address' })
    .refine((text) => !/[?#@]/.test(text), 'must be an address without credentials, query or fragment')
    .optional(),
  LONGTAKE_ENCRYPTION_KEY: encryptionKey.optional(),
  LONGTAKE_ENCRYPTION_OLD_KEYS: secrets
    .transform((list) => list.filter(Boolean))
    .pipe(z.array(encryptionKey))
    .default([]),
  LONGTAKE_CODEC_TOKEN: z
    .string()
    .trim()
    .regex(/^[\x21-\x7e]{16,}$/, 'must be one word of at least 16 characters, such as "openssl rand -hex 32" prints')
    .optional(),
  OTEL_EXPORTER_OTLP_ENDPOINT: z.url({ protocol: /^https?$/, error: 'must be an http or https address' }).optional(),
  LONGTAKE_LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
  LONGTAKE_LOG_FORMAT: z.enum(['pretty', 'json']).optional(),
});

/**
 * Reads the environment, once, at the edge.
 * @throws ConfigError that names every wrong variable
 */
export function loadConfig(environment: Environment = process.env): Config {
  const env = withoutEmpty(environment);
  const parsed = schema.safeParse(env, { error: inPlainWords });
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${issue.path[0]?.toString() ?? ''} ${issue.message}`);
    throw new ConfigError(`The configuration is wrong: ${[...new Set(problems)].join('; ')}.`);
  }
  const values = parsed.data;
  return {
    openRouter: {
      apiKey: values.OPENROUTER_API_KEY ?? null,
      baseUrl: values.OPENROUTER_BASE_URL,
      webhookSecrets: values.OPENROUTER_WEBHOOK_SECRET,
    },
    temporal: temporalConfig(env),
    taskQueue: values.LONGTAKE_TASK_QUEUE,
    workerVersion: values.LONGTAKE_WORKER_VERSIONING === 'on' ? versionOf(values) : null,
    storage: values.LONGTAKE_STORAGE,
    s3: {
      endpoint: values.LONGTAKE_S3_ENDPOINT ?? null,
      // Services that are not AWS rarely have a host name for every bucket.
      forcePathStyle: values.LONGTAKE_S3_FORCE_PATH_STYLE ?? values.LONGTAKE_S3_ENDPOINT !== undefined,
    },
    maxVideoBytes: values.LONGTAKE_MAX_VIDEO_BYTES,
    maxConcurrentDownloads: values.LONGTAKE_MAX_CONCURRENT_DOWNLOADS,
    http: { address: values.LONGTAKE_HTTP_ADDRESS, given: 'LONGTAKE_HTTP_ADDRESS' in env },
    metricsAddress: values.LONGTAKE_METRICS_ADDRESS,
    webhookUrl: values.LONGTAKE_WEBHOOK_URL ?? null,
    traces: values.OTEL_EXPORTER_OTLP_ENDPOINT !== undefined,
    encryption: {
      current: values.LONGTAKE_ENCRYPTION_KEY ?? null,
      old: values.LONGTAKE_ENCRYPTION_OLD_KEYS,
    },
    codecToken: values.LONGTAKE_CODEC_TOKEN ?? null,
    secrets: SECRETS.flatMap((name) => (env[name] ?? '').split(',')).flatMap((text) => text.trim() || []),
    warnings: unknownVariables(env, Object.keys(schema.shape)),
    log: {
      level: values.LONGTAKE_LOG_LEVEL,
      format: values.LONGTAKE_LOG_FORMAT ?? (process.stderr.isTTY ? 'pretty' : 'json'),
    },
    searchPath: env['PATH'] ?? '',
    cache: { xdgCacheHome: env['XDG_CACHE_HOME'], localAppData: env['LOCALAPPDATA'] },
    toolEnvironment: Object.fromEntries(Object.entries(env).filter(([name]) => OF_TOOLS.test(name))),
    noColor: 'NO_COLOR' in env,
  };
}

/** `npx longtake`, `npm start` and other scripts; npm tells its children. */
export function startedByNpm(environment: Environment = process.env): boolean {
  return environment['npm_command'] !== undefined;
}

/** The deployment has the name of its task queue, so that two of them in one namespace are two. */
function versionOf(values: z.output<typeof schema>): Config['workerVersion'] {
  const deploymentName = values.TEMPORAL_DEPLOYMENT_NAME ?? values.LONGTAKE_TASK_QUEUE;
  if (!DEPLOYMENT_NAME.test(deploymentName)) {
    throw new ConfigError(
      `The configuration is wrong: the task queue ${deploymentName} cannot name a deployment as well; set TEMPORAL_DEPLOYMENT_NAME, which ${NO_DEPLOYMENT_NAME}.`,
    );
  }
  return { deploymentName, buildId: values.TEMPORAL_WORKER_BUILD_ID ?? packageVersion() };
}

function temporalConfig(env: Record<string, string>): Config['temporal'] {
  try {
    const { connectionOptions, namespace } = loadClientConnectConfig({ overrideEnvVars: env });
    if (connectionOptions.address?.includes('@') === true) {
      throw new Error('TEMPORAL_ADDRESS must be host:port, without a user and a password'); // not repeated
    }
    if (connectionOptions.address !== undefined && !isHostAndPort(connectionOptions.address)) {
      throw new Error(`TEMPORAL_ADDRESS must be host:port, such as localhost:7233, not ${connectionOptions.address}`);
    }
    requireUsableTls(connectionOptions.tls);
    const address = connectionOptions.address ?? 'localhost:7233';
    return {
      connection: directIfHere(connectionOptions, address),
      address,
      namespace: namespace ?? 'default',
      given: connectionOptions.address !== undefined,
      addressIsSet: 'TEMPORAL_ADDRESS' in env,
      cliPath: env['TEMPORAL_CLI_PATH'] ?? null,
    };
  } catch (error) {
    throw new ConfigError(
      `The Temporal settings (TEMPORAL_*) are wrong: ${temporalProblem(error, env['TEMPORAL_PROFILE'])}.`,
    );
  }
}

/** gRPC says so only when a connection is made, and in OpenSSL's words. */
function requireUsableTls(tls: TemporalConnection['tls']): void {
  if (typeof tls !== 'object' || tls === null) return;
  const { clientCertPair, serverRootCACertificate } = tls;
  if (serverRootCACertificate !== undefined) requireCertificate('TEMPORAL_TLS_SERVER_CA_CERT', serverRootCACertificate);
  if (clientCertPair === undefined) return;
  requireCertificate('TEMPORAL_TLS_CLIENT_CERT', clientCertPair.crt);
  readable('TEMPORAL_TLS_CLIENT_KEY', 'private key', () => createPrivateKey(Buffer.from(clientCertPair.key)));
}

function requireCertificate(variable: string, pem: Uint8Array): void {
  readable(variable, 'certificate', () => new X509Certificate(pem));
}

function readable(variable: string, what: string, read: () => unknown): void {
  try {
    read();
  } catch (error) {
    throw new Error(`${variable}_PATH or ${variable}_DATA gives no ${what} in PEM that can be read`, { cause: error });
  }
}

/** Without a port it is Temporal's usual one. */
function isHostAndPort(text: string): boolean {
  const port = /^(?:[^:]+|\[.*\]):([^:]*)$/.exec(text)?.[1];
  return (
    !/[/,]|^:/.test(text) &&
    (port === undefined || (/^\d{1,5}$/.test(port) && Number(port) >= 1 && Number(port) <= 65_535))
  );
}

/** A parser's message quotes the lines around, and one of them can be the key. */
function temporalProblem(error: unknown, profile: string | undefined): string {
  if (!(error instanceof Error)) return 'they cannot be read';
  // A file without any profile is told by a TypeError.
  if (profile !== undefined && (error instanceof TypeError || /^Profile '.*' not found/.test(error.message))) {
    return `TEMPORAL_PROFILE: '${profile}' not found in the configuration file`;
  }
  if (error.name !== 'TomlError' && !('codeblock' in error)) return error.message;
  const { line, column } = error as { line?: unknown; column?: unknown };
  const where = typeof line === 'number' && typeof column === 'number' ? ` (line ${line}, column ${column})` : '';
  return `the configuration file is no TOML${where}`;
}

/** Compose files and shells set empty variables for "not given". */
function withoutEmpty(environment: Environment): Record<string, string> {
  const given = Object.entries(environment).filter((entry): entry is [string, string] => Boolean(entry[1]));
  return Object.fromEntries(given);
}
