export { createWorker, MissingApiKey, type CreateWorkerOptions, type LongtakeWorker } from './create-worker.js';
export { ConfigError, loadConfig, type Config } from '../config.js';
export { LANES, type Lane } from './lanes.js';
