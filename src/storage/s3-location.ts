import { outputKeyProblem } from '../contract/output-key.js';

/** A place in S3: `prefix` is empty or ends in `/`. */
export interface S3Location {
  readonly bucket: string;
  readonly prefix: string;
}

/** How to reach an S3-compatible service; without an endpoint it is AWS. Credentials and region come by the SDK's own chain. */
export interface S3Access {
  readonly endpoint: string | null;
  /** `https://host/bucket/key` instead of `https://bucket.host/key`. */
  readonly forcePathStyle: boolean;
}

const BUCKET = /^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$/i;

/** `s3://bucket/prefix`, taken literally: nothing in it is percent-decoded. A string says what is wrong with it. */
export function parseS3Location(text: string): S3Location | string {
  const [, bucket = '', path = ''] = /^s3:\/\/([^/]*)\/*(.*)$/is.exec(text) ?? [];
  if (!BUCKET.test(bucket))
    return 'after s3:// comes the name of a bucket and nothing else, such as s3://bucket/prefix';
  const prefix = path.replace(/\/+$/, '');
  const problem = prefix === '' ? null : outputKeyProblem(prefix);
  return problem === null ? { bucket, prefix: prefix === '' ? '' : `${prefix}/` } : `its prefix is refused: ${problem}`;
}

/** The absolute address of an object: every byte of the key that has a meaning in addresses is percent-encoded. */
export function s3Uri(bucket: string, objectKey: string): string {
  return `s3://${bucket}/${objectKey.split('/').map(encodeURIComponent).join('/')}`;
}

/** Reads an address made by `s3Uri`; `null` for any other. */
export function parseS3Uri(uri: string): { readonly bucket: string; readonly objectKey: string } | null {
  const [, bucket, path] = /^s3:\/\/([^/]+)\/(.+)$/.exec(uri) ?? [];
  if (bucket === undefined || path === undefined) return null;
  return { bucket, objectKey: path.split('/').map(decodeURIComponent).join('/') };
}
