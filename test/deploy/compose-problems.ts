import type { ComposeFile, Service } from './compose-file.js';

/**
 * What neither the compose schema nor dclint sees: names that lead nowhere and images that may change under us.
 * @param exists - whether a path beside the compose file exists
 */
export function composeProblems(compose: ComposeFile, exists: (path: string) => boolean): string[] {
  return Object.entries(compose.services).flatMap(([name, service]) =>
    [
      ...imageProblems(service),
      ...dependencyProblems(service, compose),
      ...volumeProblems(service, compose, exists),
      ...networkProblems(service, compose),
    ].map((problem) => `${name}: ${problem}`),
  );
}

function imageProblems({ image, build }: Service): string[] {
  if (image === undefined) return build === undefined ? ['has neither image nor build'] : [];
  const tag = /:([^/:]+)$/.exec(image)?.[1];
  if (tag === undefined) return [`image ${image} has no tag`];
  if (tag === 'latest') return [`image ${image} changes by itself`];
  return build === undefined && !/^v?\d+\.\d+/.test(tag) ? [`image ${image} names no exact version`] : [];
}

function dependencyProblems({ depends_on = {} }: Service, { services }: ComposeFile): string[] {
  return Object.entries(depends_on).flatMap(([name, { condition }]) => {
    const needed = services[name];
    if (needed === undefined) return [`depends on ${name}, which is no service`];
    if (condition === 'service_healthy' && needed.healthcheck === undefined) {
      return [`waits for the health of ${name}, which has no health check`];
    }
    if (condition === 'service_completed_successfully' && needed.restart !== 'no') {
      return [`waits for the end of ${name}, which is restarted`];
    }
    return [];
  });
}

function volumeProblems({ volumes = [] }: Service, compose: ComposeFile, exists: (path: string) => boolean): string[] {
  return volumes.flatMap((volume) => {
    const source = volume.split(':')[0] ?? '';
    if (source.startsWith('.')) return exists(source) ? [] : [`mounts ${source}, which does not exist`];
    return Object.hasOwn(compose.volumes ?? {}, source) ? [] : [`mounts volume ${source}, which is not declared`];
  });
}

function networkProblems({ networks = [] }: Service, compose: ComposeFile): string[] {
  return networks
    .filter((network) => !Object.hasOwn(compose.networks ?? {}, network))
    .map((network) => `is on network ${network}, which is not declared`);
}
