import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { LIMITS } from '../contract/limits.js';
import { StorageError } from './port.js';
import type { S3Access } from './s3-location.js';

/** Services that are not AWS take any region, and this one for granted. */
const REGION_ELSEWHERE = 'us-east-1';

/** A client with the SDK's own credentials, region and retries. @throws StorageError - AWS is meant and there is no region */
export async function createS3Client({ endpoint, forcePathStyle }: S3Access): Promise<S3Client> {
  const config: S3ClientConfig = {
    forcePathStyle,
    ...(endpoint === null ? {} : { endpoint }),
    // Only what longtake asks for itself: services that are not AWS know no other checksums.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: { connectionTimeout: LIMITS.connectMs, socketTimeout: LIMITS.storageIdleMs },
  };
  const client = new S3Client(config);
  try {
    await client.config.region();
    return client;
  } catch {
    client.destroy();
    if (endpoint === null) {
      throw new StorageError('StorageFailed', 'It is not known in which AWS region the bucket is; set AWS_REGION.');
    }
    return new S3Client({ ...config, region: REGION_ELSEWHERE });
  }
}
