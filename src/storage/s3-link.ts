import { GetObjectCommand } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { createS3Client } from './s3-client.js';
import { parseS3Uri, type S3Access } from './s3-location.js';
import { StorageError } from './port.js';
import { s3Trouble } from './s3-trouble.js';

/**
 * A signed address under which anybody can read an object until it expires, at most seven days; with temporary credentials
 * no longer than these. It is a secret, to be shown to who asked for it and kept nowhere. Nothing is asked of the storage.
 * @throws StorageError
 */
export async function signedLink(uri: string, access: S3Access, expiresInSeconds: number): Promise<string> {
  const place = parseS3Uri(uri);
  if (place === null) throw new StorageError('StorageFailed', `${uri} is no address of an object in S3.`);
  try {
    const client = await createS3Client(access);
    const command = new GetObjectCommand({ Bucket: place.bucket, Key: place.objectKey });
    return await getSignedUrl(client, command, { expiresIn: expiresInSeconds });
  } catch (error) {
    throw s3Trouble(`Making a link to ${uri}`, error);
  }
}
