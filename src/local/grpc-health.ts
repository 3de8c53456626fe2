import { connect } from 'node:http2';

const TIMEOUT_MS = 2_000;
const SERVING = Buffer.from([0x08, 0x01]); // HealthCheckResponse { status: SERVING }

/** Whether a Temporal frontend on this loopback port serves. Plain gRPC over HTTP/2, so that the host needs no SDK. */
export async function isServing(port: number): Promise<boolean> {
  const session = connect(`http://127.0.0.1:${port}`);
  try {
    return await new Promise<boolean>((resolve, reject) => {
      const chunks: Buffer[] = [];
      session.on('error', reject);
      session.setTimeout(TIMEOUT_MS, () => {
        resolve(false);
      });
      session
        .request({
          ':method': 'POST',
          ':path': '/grpc.health.v1.Health/Check',
          'content-type': 'application/grpc',
          te: 'trailers',
        })
        .on('data', (chunk: Buffer) => chunks.push(chunk))
        .on('error', reject)
        .on('close', () => {
          resolve(Buffer.concat(chunks).subarray(5).equals(SERVING)); // after the frame's 5-byte head
        })
        .end(healthRequest('temporal.api.workflowservice.v1.WorkflowService'));
    });
  } catch {
    return false; // nobody listens yet
  } finally {
    session.destroy();
  }
}

function healthRequest(service: string): Buffer {
  const name = Buffer.from(service);
  const message = Buffer.concat([Buffer.from([0x0a, name.length]), name]);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}
