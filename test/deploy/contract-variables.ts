/** The variables of the contract's section 3. A deployment that sets another one sets nothing. */
const NAMES = new Set([
  'OPENROUTER_API_KEY',
  'OPENROUTER_BASE_URL',
  'OPENROUTER_WEBHOOK_SECRET',
  'TEMPORAL_ADDRESS',
  'TEMPORAL_NAMESPACE',
  'TEMPORAL_API_KEY',
  'TEMPORAL_PROFILE',
  'TEMPORAL_CONFIG_FILE',
  'TEMPORAL_CLI_PATH',
  'LONGTAKE_TASK_QUEUE',
  'LONGTAKE_STORAGE',
  'LONGTAKE_S3_ENDPOINT',
  'LONGTAKE_S3_FORCE_PATH_STYLE',
  'LONGTAKE_MAX_VIDEO_BYTES',
  'LONGTAKE_HTTP_ADDRESS',
  'LONGTAKE_METRICS_ADDRESS',
  'LONGTAKE_WEBHOOK_URL',
  'LONGTAKE_LOG_LEVEL',
  'LONGTAKE_LOG_FORMAT',
  'LONGTAKE_ENCRYPTION_KEY',
  'LONGTAKE_ENCRYPTION_OLD_KEYS',
]);
const FAMILIES = ['TEMPORAL_TLS', 'AWS_', 'OTEL_'];

export function isContractVariable(name: string): boolean {
  return NAMES.has(name) || FAMILIES.some((family) => name.startsWith(family));
}
