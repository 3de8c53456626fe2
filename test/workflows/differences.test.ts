import { describe, expect, it } from 'vitest';
import { differencesFrom } from '../../src/workflows/differences.js';

function asset(facts: { durationSeconds?: number | null; width?: number | null; height?: number | null }) {
  return {
    ...{ uri: 'file:///x.mp4', key: 'x.mp4', bytes: 1, sha256: '0'.repeat(64), contentType: 'video/mp4' },
    ...{ durationSeconds: null, width: null, height: null },
    ...facts,
  };
}

function sizeOf(text: string): { width: number; height: number } {
  const [width = 0, height = 0] = text.split('x').map(Number);
  return { width, height };
}

describe('a saved video differs from its request', () => {
  it.each([
    [4, 4.51],
    [4, 3.49],
    [20, 22.1],
    [20, 17.9],
  ])('%d s asked for, %d s come', (duration, durationSeconds) => {
    const [warning, ...more] = differencesFrom({ model: 'm', duration }, asset({ durationSeconds }));
    expect(warning).toBe(`x.mp4 has ${durationSeconds} s instead of the ${duration} s asked for.`);
    expect(more).toEqual([]);
  });

  it.each([
    [{ size: '1280x720' }, '1280x704', '1280x720'],
    [{ size: '1280x720', resolution: '1080p' }, '1920x1080', '1280x720'],
    [{ resolution: '720p' }, '854x480', '720p'],
    [{ resolution: '1080p', aspect_ratio: '16:9' }, '1280x720', '1080p 16:9'],
    [{ resolution: '4K', aspect_ratio: '16:9' }, '1920x1080', '4K 16:9'],
    [{ aspect_ratio: '9:16' }, '1280x720', '9:16'],
    [{ resolution: '720p', aspect_ratio: '4:3' }, '1280x720', '720p 4:3'],
  ])('%j asked for, %s comes', (request, came, named) => {
    const differences = differencesFrom({ model: 'm', ...request }, asset(sizeOf(came)));
    expect(differences).toEqual([`x.mp4 is ${came} instead of the ${named} asked for.`]);
  });
});

describe('a saved video is what was asked for', () => {
  it.each([
    [4, 4.5],
    [4, 3.5],
    [20, 22],
    [20, 18],
  ])('%d s asked for, %d s come', (duration, durationSeconds) => {
    expect(differencesFrom({ model: 'm', duration }, asset({ durationSeconds }))).toEqual([]);
  });

  it.each([
    [{ size: '1280x720' }, '1280x720'],
    [{ resolution: '720p', aspect_ratio: '16:9' }, '1280x720'],
    [{ resolution: '720p', aspect_ratio: '9:16' }, '720x1280'],
    [{ resolution: '480p', aspect_ratio: '16:9' }, '832x480'],
    [{ resolution: '480p', aspect_ratio: '16:9' }, '864x480'],
    [{ resolution: '1080p', aspect_ratio: '16:9' }, '1920x1088'],
    [{ resolution: '720p', aspect_ratio: '1:1' }, '720x720'],
    [{ resolution: '720p', aspect_ratio: '1:1' }, '960x960'],
    [{ resolution: '720p', aspect_ratio: '21:9' }, '1470x630'],
    [{ resolution: '4K', aspect_ratio: '16:9' }, '3840x2160'],
    [{ resolution: '2K' }, '2048x1080'],
    [{ resolution: '99Z', aspect_ratio: 'auto' }, '100x100'],
    [{ resolution: '720p', upscale_factor: 2 }, '2560x1440'],
    [{}, '320x240'],
  ])('%j asked for, %s comes', (request, came) => {
    expect(differencesFrom({ model: 'm', ...request }, asset(sizeOf(came)))).toEqual([]);
  });

  it('as far as anybody can tell', () => {
    const request = { model: 'm', duration: 4, size: '1280x720' };
    expect(differencesFrom(request, asset({}))).toEqual([]);
    expect(differencesFrom(undefined, asset({ durationSeconds: 99, width: 1, height: 1 }))).toEqual([]);
  });
});
