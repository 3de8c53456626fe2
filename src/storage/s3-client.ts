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
  const client = hashingOnce(new S3Client(config));
  try {
    await client.config.region();
    return client;
  } catch {
    client.destroy();
    if (endpoint === null) {
      throw new StorageError('StorageFailed', 'It is not known in which AWS region the bucket is; set AWS_REGION.');
    }
    return hashingOnce(new S3Client({ ...config, region: REGION_ELSEWHERE }));
  }
}

/** To sign a request the SDK hashes its body, although its checksum is known, unless the head says the sha256 already. */
function hashingOnce(client: S3Client): S3Client {
  client.middlewareStack.add(
    (next) => async (args) => {
      const { ChecksumSHA256: known } = args.input as { readonly ChecksumSHA256?: string };
      const { headers } = args.request as { readonly headers: Record<string, string> };
      if (known !== undefined) headers['x-amz-content-sha256'] = Buffer.from(known, 'base64').toString('hex');
      return await next(args);
    },
    { step: 'build' },
  );
  return client;
}
