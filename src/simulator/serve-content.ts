import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { CLIPS } from './clips.js';
import { composeMp4, type Clip } from './compose-mp4.js';
import { pickRange } from './content-range.js';
import { HttpError } from './http-error.js';
import type { Exchange } from './http-exchange.js';
import { outputsOf, statusOf, type Job } from './job.js';
import type { Provider } from './provider.js';
import { trialOf } from './trial-models.js';

const HTML = Buffer.from(
  '<!doctype html>\n<title>Not a video</title>\n<p>This trial model sends a page instead of a video.\n',
);

/** `GET /videos/{id}/content?index=N`. */
export function serveContent(provider: Provider, { request, response, url }: Exchange, job: Job): string {
  refuseUnlessCompleted(job);
  const index = outputIndex(url, job);
  const trial = trialOf(job.model);
  const answer = `GET /videos/${job.id}/content → `;
  if (trial.content === 'html') {
    response.writeHead(200, { 'Content-Type': 'text/html', 'Content-Length': HTML.length }).end(HTML);
    return `${answer}a page instead of a video, on purpose`;
  }
  const video = composeOutput(job, index);
  const output = `${job.id}/${index}`;
  const cut = trial.content === 'cut-once' && !provider.cutOnce.has(output);
  provider.cutOnce.add(output);
  const sent = sendVideo(response, request.headers, video, cut);
  return `${answer}${sent} bytes${cut ? ' and cut off, on purpose' : ''}`;
}

function refuseUnlessCompleted(job: Job): void {
  const status = statusOf(job, Date.now());
  if (status === 'expired') throw new HttpError(410, 'The content of this job is gone: the job has expired.');
  if (status !== 'completed') throw new HttpError(409, `There is no content: the job is ${status}, not completed.`);
}

function outputIndex(url: URL, job: Job): number {
  const text = url.searchParams.get('index') ?? '0';
  const outputs = outputsOf(job);
  if (/^\d{1,9}$/.test(text) && Number(text) < outputs) return Number(text);
  throw new HttpError(400, `index must be a number from 0 to ${outputs - 1}: that is all this job has.`);
}

/** The same bytes at every call: a transfer can be taken up again. */
function composeOutput(job: Job, index: number): Buffer {
  const { seconds, width, height } = job.video;
  const comment = `Made by the longtake simulator: job ${job.id}, output ${index}.`;
  return composeMp4({ clip: nearestClip(width / height), seconds, width, height, comment });
}

function nearestClip(ratio: number): Clip {
  const distance = (clip: Clip): number => Math.abs(Math.log(clip.width / clip.height / ratio));
  return CLIPS.reduce((nearest, clip) => (distance(clip) < distance(nearest) ? clip : nearest));
}

/** Sends the video or the range asked for, and returns how many bytes that is. */
function sendVideo(response: ServerResponse, asked: IncomingHttpHeaders, video: Buffer, cut: boolean): number {
  const etag = `"${createHash('sha256').update(video).digest('hex').slice(0, 32)}"`;
  const range = pickRange(asked, video.length, etag);
  const body = range === null ? video : video.subarray(range.start, range.end + 1);
  response.writeHead(range === null ? 200 : 206, {
    'Content-Type': 'video/mp4',
    'Content-Length': body.length,
    ETag: etag,
    'Accept-Ranges': 'bytes',
    ...(range !== null && { 'Content-Range': `bytes ${range.start}-${range.end}/${video.length}` }),
  });
  if (!cut) {
    response.end(body);
    return body.length;
  }
  const half = body.subarray(0, body.length >> 1);
  response.write(half, () => response.destroy());
  return half.length;
}
