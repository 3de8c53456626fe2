import type { MetricMeter } from '@temporalio/common';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import type { VideoAsset } from '../contract/types.js';

/** Measures every attempt at a download from around the activity, which need not know of it. */
export function createDownloadMetrics(meter: MetricMeter): ActivityInterceptorsFactory {
  const seconds = meter.createHistogram(
    'longtake_download_duration_seconds',
    'float',
    undefined,
    'How long attempts at a download took, by how they ended.',
  );
  const bytes = meter.createCounter(
    'longtake_downloaded_bytes_total',
    undefined,
    'Bytes of the videos that were saved.',
  );
  const inFlight = meter.createGauge('longtake_downloads_in_flight', 'int', undefined, 'Downloads under way now.');
  let running = 0;
  const count = (change: number): void => {
    running += change;
    inFlight.set(running);
  };
  bytes.add(0);
  count(0);
  return ({ info, cancellationSignal }) => {
    if (info.activityType !== 'downloadVideo') return {};
    return {
      inbound: {
        async execute(input, next) {
          const startedAt = performance.now();
          const ended = (outcome: string): void => {
            seconds.record((performance.now() - startedAt) / 1000, { outcome });
          };
          count(1);
          try {
            const asset = (await next(input)) as VideoAsset;
            bytes.add(asset.bytes);
            ended('saved');
            return asset;
          } catch (error) {
            ended(cancellationSignal.aborted ? 'stopped' : 'failed');
            throw error;
          } finally {
            count(-1);
          }
        },
      },
    };
  };
}
