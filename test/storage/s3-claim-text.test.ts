import { describe, expect, it } from 'vitest';
import { claimText, closedIn, closedText, NOTHING_RECORDED, recordedIn } from '../../src/storage/s3-claim-text.js';

const MAIN = { uploadId: 'one', key: 'a/b.mp4' };
const SIBLING = { uploadId: 'two', key: 'a/b.job.mp4' };
const KEYS = [MAIN.key, SIBLING.key] as const;

describe('the text of a claim', () => {
  it.each([[[]], [[MAIN]], [[MAIN, SIBLING]]])('names its uploads, open or closed (%j)', (uploads) => {
    expect(recordedIn(claimText(uploads), KEYS)).toEqual(uploads);
    expect(recordedIn(closedText(uploads, null), KEYS)).toEqual(uploads);
  });

  it('names the last one where earlier builds look', () => {
    expect(JSON.parse(claimText([MAIN, SIBLING]))).toMatchObject(SIBLING);
    expect(JSON.parse(closedText([MAIN, SIBLING], null))).toMatchObject(SIBLING);
  });

  it('of an earlier build names an upload to the key of the claim', () => {
    expect(recordedIn('{"uploadId":"one"}', KEYS)).toEqual([MAIN]);
  });

  it('says whether it is closed, and since when it was there', () => {
    const since = new Date('2026-11-20T10:00:00Z');
    expect(closedIn(claimText([MAIN]))).toBeNull();
    expect(closedIn(closedText([MAIN], since))).toEqual({ since });
    expect(closedIn(closedText([], null))).toEqual({ since: null });
  });

  it.each([
    undefined,
    '',
    NOTHING_RECORDED,
    'null',
    '[]',
    '7',
    '{"uploadId":7}',
    '{"earlier":[null]}',
    '{"earlier":7}',
  ])('that is damaged, or says nothing, names none (%s)', (text) => {
    expect(recordedIn(text, KEYS)).toEqual([]);
  });

  it.each([
    { uploadId: '', key: MAIN.key },
    { uploadId: 'x', key: '' },
    { uploadId: 'x', key: '..' },
    { uploadId: 'x', key: 'another.mp4' },
    null,
    'x',
  ])('that is damaged in one place, or names what cannot be its own, names the rest (%j)', (damaged) => {
    expect(recordedIn(JSON.stringify({ ...SIBLING, earlier: [damaged, MAIN] }), KEYS)).toEqual([MAIN, SIBLING]);
  });
});
