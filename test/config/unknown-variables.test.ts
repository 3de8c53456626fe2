import { expect, it } from 'vitest';
import { loadConfig } from '../../src/config.js';

it.each([
  ['LONGTAKE_STORGE', 'LONGTAKE_STORAGE'],
  ['LONGTAKE_TASKQUEUE', 'LONGTAKE_TASK_QUEUE'],
  ['LONGTAKE_CONCURRENT_DOWNLOADS', 'LONGTAKE_MAX_CONCURRENT_DOWNLOADS'],
  ['LONGTAKE_LOGLEVEL', 'LONGTAKE_LOG_LEVEL'],
])('a variable that is misspelt is told with the one that is meant: %s', (name, meant) => {
  expect(loadConfig({ [name]: 'secret' }).warnings).toEqual([
    `${name} is no variable of longtake, and has no effect. Did you mean ${meant}?`,
  ]);
});

it('one that is like none is told without', () => {
  expect(loadConfig({ LONGTAKE_COLOUR: 'red' }).warnings).toEqual([
    'LONGTAKE_COLOUR is no variable of longtake, and has no effect.',
  ]);
});

it('what longtake reads is not told, nor what Kubernetes sets for a service of that name', () => {
  const ofKubernetes = {
    LONGTAKE_SERVICE_HOST: '10.0.0.7',
    LONGTAKE_SERVICE_PORT_HTTP: '80',
    LONGTAKE_PORT: 'tcp://10.0.0.7:80',
    LONGTAKE_METRICS_PORT_9464_TCP_ADDR: '10.0.0.7',
  };
  expect(loadConfig({ ...ofKubernetes, LONGTAKE_TASK_QUEUE: 'x', LONGTAKE_LOG_LEVEL: 'warn' }).warnings).toEqual([]);
});
