import { expect, it } from 'vitest';
import { claimOn } from '../../src/activities/claim-on-job.js';
import type { Owner } from '../../src/activities/deps.js';

/** What a person is told of a job that another run has must be true: he may give up a paid video for it. */

function owner(workflowId: string, origin: Owner['origin'], stands: Owner['stands']): Owner {
  return { workflowId, runId: `of-${workflowId}`, origin, stands };
}

it.each<[string, Owner[], RegExp]>([
  [
    'submitted it, and follows it',
    [owner('s', 'submitted', 'open')],
    /^Job j belongs to the run s, which is saving its video; this run goes on waiting for its own\.$/,
  ],
  ['submitted it, and has its video', [owner('s', 'submitted', 'saved')], /the run s, which has saved its video; /],
  [
    'submitted it, and ended without its video',
    [owner('s', 'submitted', 'over')],
    /the run s, which ended without its video; .* To save that video too: longtake adopt j$/,
  ],
  [
    'submitted it, and hides behind those who adopted it',
    [...['a', 'b', 'c', 's'].map((id) => owner(id, 'adopted', 'saved')), owner('s', 'submitted', 'over')],
    /^Job j belongs to the run s, which ended/,
  ],
])('a job of a run that %s is that run’s', (_what, owners, reason) => {
  expect(claimOn('j', owners)).toEqual({ reason: expect.stringMatching(reason) as string, final: true });
});

it.each<[string, Owner[], RegExp]>([
  [
    'is saving it',
    [owner('a', 'adopted', 'open'), owner('b', 'adopted', 'over')],
    /^Job j may be .* the run a, which is saving its video: once it has, and if you need no other video, abandon/,
  ],
  [
    'has saved it',
    [owner('a', 'adopted', 'open'), owner('b', 'adopted', 'saved')],
    /the run b, which has saved its video: if you need no other video, abandon this run\.$/,
  ],
  [
    'tells nothing, and is saving it',
    [owner('u', 'unread', 'open'), owner('b', 'adopted', 'saved')],
    /the run u, which is saving its video, and what it recorded cannot be read: look at that run before you answer\.$/,
  ],
  [
    'tells nothing, and ended',
    [owner('u', 'unread', 'over')],
    /^(?!.*abandon).* u, which ended without its video, and /,
  ],
])('a job that a run has which %s may be this one’s', (_what, owners, reason) => {
  const claim = claimOn('j', owners);
  expect(claim).toMatchObject({ reason: expect.stringMatching(reason) as string, final: false });
  expect(claim?.reason).toContain(claim?.holder);
});

it('nobody claims a job that every other run has given up which only saved it', () => {
  expect(claimOn('j', [])).toBeNull();
  expect(claimOn('j', [owner('a', 'adopted', 'over'), owner('b', 'adopted', 'over')])).toBeNull();
});

it('a message names no more than three runs', () => {
  const many = ['a', 'b', 'c', 'd', 'e'].map((id) => owner(id, 'adopted', 'saved'));
  expect(claimOn('j', many)?.holder).toBe('the run a, b, c, which has saved its video');
});
