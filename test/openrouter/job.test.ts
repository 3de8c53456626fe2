import { describe, expect, it } from 'vitest';
import { parseJob } from '../../src/openrouter/job.js';

const verbatim = (text: string): string => text;
const read = (fields: object): unknown => parseJob({ id: 'job-1', status: 'completed', ...fields }, verbatim);

describe('parseJob', () => {
  it.each([
    [{ cost: 0.12 }, 0.12],
    [{ cost: 0 }, 0],
    [{ cost: -0 }, 0],
    [{ cost: null }, null],
    [{}, null],
    [null, null],
    ['free', null],
    [{ cost: -1 }, null],
    [{ cost: '0.12' }, null],
    [{ cost: Number.POSITIVE_INFINITY }, null],
    [{ cost: Number.NaN }, null],
    [{ cost: { usd: 1 } }, null],
  ])('reads the cost of usage %j as %j: what is no amount is unknown, never 0', (usage, costUsd) => {
    expect(read({ usage })).toMatchObject({ costUsd });
  });

  it.each([
    [undefined, null],
    [null, null],
    ['', null],
    ['the filter said no', 'the filter said no'],
    [{ message: 'the filter said no', code: 'moderation' }, 'the filter said no'],
    [{ code: 'moderation' }, '{"code":"moderation"}'],
    [42, '42'],
  ])('reads the error %j as %j', (error, expected) => {
    expect(read({ error })).toMatchObject({ error: expected });
  });

  it('keeps the id beside an error that is nested too deeply to be written', () => {
    const error: unknown = JSON.parse('['.repeat(100_000) + ']'.repeat(100_000));
    expect(read({ error })).toMatchObject({ id: 'job-1', error: null });
  });

  it.each([
    [{}, 1],
    [{ unsigned_urls: null }, 1],
    [{ unsigned_urls: [] }, 1],
    [{ unsigned_urls: ['a', 'b'] }, 2],
    [{ urls: ['a', 'b', 'c'] }, 3],
    [{ unsigned_urls: 'a', urls: ['a', 'b'] }, 2],
    [{ unsigned_urls: { 0: 'a' }, urls: ['a', 'b'] }, 2],
    [{ unsigned_urls: [], urls: ['a', 'b'] }, 2],
    [{ unsigned_urls: ['a'], urls: ['a', 'b'] }, 2],
    [{ unsigned_urls: ['a', 'b'], urls: ['a'] }, 2],
    [{ unsigned_urls: ['a', null, ''] }, 1],
    [{ unsigned_urls: [null, ''] }, 1],
    [{ unsigned_urls: [null, 'b'] }, 2],
    [{ unsigned_urls: [{ url: 'a' }, { url: 'b' }] }, 2],
    [{ unsigned_urls: Array.from({ length: 5_000 }, () => 'x') }, 5_000],
  ])('counts the outputs of %j', (fields, outputs) => {
    expect(read(fields)).toMatchObject({ outputs });
  });

  it('keeps a status word as it is, and null where there is none', () => {
    expect(read({ status: 'In_Progress ' })).toMatchObject({ status: 'In_Progress ' });
    for (const status of [undefined, null, '', 7]) expect(read({ status })).toMatchObject({ status: null });
  });

  it.each([null, [], 'job-1', 7, {}, { id: '' }, { id: '.' }, { id: 7 }, { id: 'a\nb' }])('is null for %j', (value) => {
    expect(parseJob(value, verbatim)).toBeNull();
  });

  it('is not impressed by keys that reach for the prototype', () => {
    const job = parseJob(JSON.parse('{"id":"job-1","__proto__":{"outputs":9},"constructor":1}'), verbatim);
    expect(job).toEqual({ id: 'job-1', status: null, costUsd: null, error: null, outputs: 1, model: null });
  });
});
