import { describe, expect, it } from 'vitest';
import { claimText, NOTHING_RECORDED, recordedIn } from '../../src/storage/s3-claim-text.js';

const MAIN = { uploadId: 'one', key: 'a/b.mp4' };
const SIBLING = { uploadId: 'two', key: 'a/b.job.mp4' };

describe('the text of a claim', () => {
  it.each([[[]], [[MAIN]], [[MAIN, SIBLING]]])('names its uploads (%j)', (uploads) => {
    expect(recordedIn(claimText(uploads), 'own')).toEqual(uploads);
  });

  it('names the last one where earlier builds look', () => {
    expect(JSON.parse(claimText([MAIN, SIBLING]))).toMatchObject(SIBLING);
  });

  it('of an earlier build names an upload to the key of the claim', () => {
    expect(recordedIn('{"uploadId":"one"}', 'own')).toEqual([{ uploadId: 'one', key: 'own' }]);
  });

  it.each([undefined, '', NOTHING_RECORDED, 'null', '[]', '{"uploadId":7}', '{"earlier":[null]}', '{"earlier":7}'])(
    'that is damaged, or says nothing, names none (%s)',
    (text) => {
      expect(recordedIn(text, 'own')).toEqual([]);
    },
  );
});
