import { gzipSync } from 'node:zlib';
import { box, topLevelBoxes } from '../media/boxes.js';
import { fixture } from '../media/fixtures.js';
import { withMehd } from '../media/variants.js';
import { CLIP, refusal, video, type Call, type Reply } from '../support/provider.js';
import { once, type Fault } from './fault-runs.js';

const ETAG = '"the-one"';
const HEAD = 'HTTP/1.1 200 OK\r\nConnection: close\r\n';

const FRAGMENTED = fixture('h264-aac-fragmented-empty-moov.mp4');
/** Of fragments, without the index behind them: whole ones could be missing at its end. */
const UNCOUNTED = FRAGMENTED.subarray(0, startOfLast('mfra'));
const LAST_FRAGMENT = startOfLast('moof');
/** Its last fragment is a rounding of the length that it announces. */
const ANNOUNCED = withMehd(1_700);
/** With a box behind all that its tables tell of. */
const TRAILED = Buffer.concat([CLIP, box('uuid', Buffer.alloc(100, 'u'))]);

function startOfLast(type: string, file = FRAGMENTED): number {
  return topLevelBoxes(file).findLast((box) => box.type === type)?.start ?? 0;
}

/** The beginning of the clip under its whole length; then the connection ends as `how` says. */
function beginning(share: number, how: 'end' | 'reset'): Fault['content'] {
  return ({ response }) => {
    response.writeHead(200, { 'content-length': String(CLIP.length) });
    response.write(CLIP.subarray(0, Math.ceil(CLIP.length * share)), () => {
      if (how === 'end') response.socket?.destroySoon();
      else response.socket?.resetAndDestroy();
    });
    return null;
  };
}

/** Bytes that an HTTP library would not send. */
function raw(...parts: (string | Buffer)[]): Fault['content'] {
  return ({ response }) => {
    response.socket?.end(Buffer.concat(parts.map((part) => Buffer.from(part))));
    return null;
  };
}

/** Nothing but the connection's end tells where the file ends, and the first time that comes too soon: only what came twice is saved. */
function cutUnseen(file: Buffer, length: number, head = `${HEAD}\r\n`): Fault {
  return {
    content: (call) => raw(head, call.n === 1 ? file.subarray(0, length) : file)(call),
    end: 'saved',
    saves: file,
    requests: 3,
  };
}

function redirect(location: string): Reply {
  return { status: 302, headers: { location } };
}

function endless({ response }: Call): null {
  const chunk = Buffer.alloc(64 * 1024);
  const send = (): void => {
    while (!response.destroyed && response.write(chunk));
  };
  response.on('drain', send);
  response.writeHead(200, { 'content-type': 'video/mp4' });
  send();
  return null;
}

function oneByteAfterAnother({ response }: Call): null {
  let sent = 0;
  response.writeHead(200, { 'content-length': String(CLIP.length) });
  const timer = setInterval(() => response.write(CLIP.subarray(sent, (sent += 1))), 1_000);
  response.once('close', () => {
    clearInterval(timer);
  });
  return null;
}

function fromOf({ request }: Call): number {
  return Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1]);
}

function proof(from: number): Record<string, string> {
  return { etag: ETAG, 'content-range': `bytes ${from}-${CLIP.length - 1}/${CLIP.length}` };
}

/** The rest as it was asked for, with its proof, but for what `change` says. */
function rest(change: Partial<Record<'etag' | 'content-range', string>> = {}, body?: Buffer): Fault['content'] {
  return (call) => {
    const from = fromOf(call);
    return { status: 206, headers: { ...proof(from), ...change }, body: body ?? CLIP.subarray(from) };
  };
}

/** The beginning of a file that can be known again; the connection ends once the beginning is in the storage's hands. */
function brokenOff(share: number, etag = ETAG): Fault['content'] {
  return async ({ response, arrived }) => {
    const bytes = Math.ceil(CLIP.length * share);
    response.writeHead(200, { 'content-length': String(CLIP.length), etag });
    response.write(CLIP.subarray(0, bytes));
    await arrived(bytes);
    response.socket?.destroySoon();
    return null;
  };
}

/** Cut off at `share`; then the rest comes. */
function resumed(share: number): Fault {
  return {
    content: (call) => (call.n === 1 ? brokenOff(share)(call) : rest()(call)),
    end: 'saved',
    ranges: [null, `bytes=${Math.ceil(CLIP.length * share)}-`],
    attempts: 1,
  };
}

/** An answer to a request for the rest that proves nothing: the next attempt asks for the whole. */
function startsOver(answer: Fault['content'], share = 0.5): Fault {
  return {
    content: (call) => {
      if (call.n === 1) return brokenOff(share)(call);
      return call.n === 2 ? answer(call) : video();
    },
    end: 'saved',
    ranges: [null, `bytes=${Math.ceil(CLIP.length * share)}-`, null],
    attempts: 2,
  };
}

const half = Math.ceil(CLIP.length * 0.5);

/** The row "content" of what longtake survives; what a status code or a broken file alone does is shown elsewhere. */
export const CONTENT_FAULTS: Readonly<Record<string, Fault>> = {
  'short of its length': once(beginning(0.7, 'end')),
  'no length': { content: raw(HEAD, '\r\n', CLIP), end: 'saved', requests: 2 },
  'no length, fragments that nothing counts': {
    content: raw(HEAD, '\r\n', UNCOUNTED),
    end: 'saved',
    saves: UNCOUNTED,
    requests: 2,
  },
  'no length, and cut off between fragments': cutUnseen(UNCOUNTED, LAST_FRAGMENT),
  'no length, and cut off a fragment before the length announced': cutUnseen(ANNOUNCED, startOfLast('moof', ANNOUNCED)),
  'no length, and cut off in front of a last box': cutUnseen(TRAILED, CLIP.length),
  'no length, and cut off in the zeros that a last box begins with': cutUnseen(TRAILED, CLIP.length + 3),
  'a transfer coding that ends nothing, and cut off between fragments': cutUnseen(
    UNCOUNTED,
    LAST_FRAGMENT,
    `${HEAD}Transfer-Encoding: identity\r\n\r\n`,
  ),
  'transfer codings in two lines, of which the last ends nothing, and cut off between fragments': cutUnseen(
    UNCOUNTED,
    LAST_FRAGMENT,
    `${HEAD}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n`,
  ),
  'chunks, fragments that nothing counts': {
    content: raw(
      `${HEAD}Transfer-Encoding: chunked\r\n\r\n${UNCOUNTED.length.toString(16)}\r\n`,
      UNCOUNTED,
      '\r\n0\r\n\r\n',
    ),
    end: 'saved',
    saves: UNCOUNTED,
    requests: 1,
  },
  'no length, and cut off': once(raw(HEAD, '\r\n', CLIP.subarray(0, 9_000))),
  'no length, and cut off elsewhere each time': {
    content: (call) => raw(HEAD, '\r\n', CLIP.subarray(0, [9_000, 20, 0][call.n - 1]))(call),
    end: 'saved',
    requests: 5,
  },
  'no length, and a web page': {
    content: raw(HEAD, '\r\n', '<!doctype html><html><body>502</body></html>'),
    end: 'InvalidVideo',
    requests: 3,
  },
  'chunked and cut off': once(
    raw(`${HEAD}Transfer-Encoding: chunked\r\n\r\n2328\r\n`, CLIP.subarray(0, 0x2328), '\r\n'),
  ),
  'more than its length': {
    content: raw(`${HEAD}Content-Length: ${CLIP.length}\r\n\r\n`, CLIP, 'surplus'),
    end: 'saved',
    requests: 1,
  },
  'a length shorter than the file': once(raw(`${HEAD}Content-Length: 9000\r\n\r\n`, CLIP)),
  'octet-stream': {
    content: () => ({ headers: { 'content-type': 'application/octet-stream' }, body: CLIP }),
    end: 'saved',
    requests: 1,
  },
  'gzip bomb': once(() => ({ headers: { 'content-encoding': 'gzip' }, body: gzipSync(Buffer.alloc(50_000_000)) })),
  endless: { content: endless, end: 'DownloadFailed', requests: 1 },
  'reset at 1 %': once(beginning(0.01, 'reset')),
  'reset at 50 %': once(beginning(0.5, 'reset')),
  'reset at 99 %': once(beginning(0.99, 'reset')),
  'one byte a second': once(oneByteAfterAnother),
  ...Object.fromEntries([401, 404, 409, 416, 429, 502].map((code) => [`a ${code}`, once(() => refusal(code, 'no'))])),
  'a 410': { content: () => refusal(410, 'gone'), end: 'DownloadFailed', requests: 1 },
  'resumed at 1 %': resumed(0.01),
  'resumed at 50 %': resumed(0.5),
  'resumed at 99 %': resumed(0.99),
  'resumed twice': {
    content: async (call) => {
      if (call.n === 1) return await brokenOff(0.5)(call);
      if (call.n > 2) return await rest()(call);
      call.response.writeHead(206, { ...proof(half), 'content-length': String(CLIP.length - half) });
      call.response.write(CLIP.subarray(half, half + 100));
      await call.arrived(half + 100);
      call.response.socket?.destroySoon();
      return null;
    },
    end: 'saved',
    ranges: [null, `bytes=${half}-`, `bytes=${half + 100}-`],
    attempts: 1,
  },
  'Range ignored': startsOver(() => video()),
  'Range refused': startsOver(() => refusal(416, 'no')),
  'Content-Range of another place': startsOver(rest({ 'content-range': `bytes 0-${CLIP.length - 1}/${CLIP.length}` })),
  'Content-Range of another length': startsOver(
    rest({ 'content-range': `bytes ${half}-${CLIP.length}/${CLIP.length + 1}` }),
  ),
  'ETag changed': startsOver(rest({ etag: '"another"' })),
  'ETag weak all at once': startsOver(rest({ etag: `W/${ETAG}` })),
  'ETag weak from the start': { ...once(brokenOff(0.5, `W/${ETAG}`)), ranges: [null, null] },
  'no progress between two resumptions': startsOver(({ response }) => {
    response.writeHead(206, { ...proof(half), 'content-length': String(CLIP.length - half) });
    response.flushHeaders();
    response.socket?.destroySoon();
    return null;
  }),
  // In this file the tables are in front, and a lie in them shows.
  'a rest that lies': startsOver(rest({}, Buffer.alloc(CLIP.length - Math.ceil(CLIP.length * 0.01))), 0.01),
  'redirect to the same origin': {
    content: ({ request }) =>
      request.url?.includes('moved') === true ? video() : redirect(`${request.url ?? ''}&moved`),
    end: 'saved',
    requests: 2,
  },
  'redirect to a foreign origin': { content: ({ foreign }) => redirect(foreign), end: 'DownloadFailed', requests: 5 },
  'redirect to the same host over TLS': {
    content: ({ foreign }) => redirect(foreign.replace('http:', 'https:')),
    end: 'DownloadFailed',
    requests: 5,
  },
  'redirect to a private address': {
    content: () => redirect('https://10.0.0.1/v.mp4'),
    end: 'DownloadFailed',
    requests: 5,
  },
  'redirect to metadata': {
    content: () => redirect('https://169.254.169.254/latest/meta-data'),
    end: 'DownloadFailed',
    requests: 5,
  },
  'redirect in a circle': { content: ({ request }) => redirect(request.url ?? ''), end: 'DownloadFailed', requests: 5 },
};
