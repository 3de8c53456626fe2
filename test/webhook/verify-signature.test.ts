import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { isSignedBy } from '../../src/webhook/verify-signature.js';
import { sign } from '../support/webhook.js';

const NOW = 1_790_000_000;
const SECRET = 'whsec-one';
const BODY = Buffer.from('{"type":"video.generation.completed"}');

const isSigned = (signature: string | undefined, body = BODY, secrets = [SECRET]) =>
  isSignedBy(secrets, { signature, body }, NOW * 1000);
const good = sign(SECRET, BODY, NOW);
const hex = good.slice(-64);

describe('a signature', () => {
  it('is an HMAC-SHA256 over the time, a comma and the raw bytes', () => {
    const digest = createHmac('sha256', SECRET).update(`${NOW},${BODY.toString()}`).digest('hex');
    expect(isSigned(`t=${NOW},v1=${digest}`)).toBe(true);
  });

  it.each([
    ['spaces after the comma', `t=${NOW}, v1=${hex}`],
    ['capital hexadecimal digits', `t=${NOW},v1=${hex.toUpperCase()}`],
    ['fields in another order', `v1=${hex},t=${NOW}`],
    ['versions nobody knows yet', `t=${NOW},v0=abc,v2=def,v1=${hex}`],
    ['a second signature, of another secret', `t=${NOW},v1=${'0'.repeat(64)},v1=${hex}`],
  ])('is found with %s', (_what, signature) => {
    expect(isSigned(signature)).toBe(true);
  });

  it.each([
    ['missing', undefined],
    ['empty', ''],
    ['without a time', `v1=${hex}`],
    ['without a digest', `t=${NOW}`],
    ['with a digest that is cut short', `t=${NOW},v1=${hex.slice(0, 62)}`],
    ['with a digest that is no hexadecimal', `t=${NOW},v1=${'z'.repeat(64)}`],
    ['with a negative time', `t=-${NOW},v1=${hex}`],
    ['with a time that is no number', `t=now,v1=${hex}`],
    ['with two times', `t=${NOW},t=${NOW + 1},v1=${hex}`],
    ['with another time than the one that was signed', `t=${NOW + 1},v1=${hex}`],
    ['with a flood of digests', `t=${NOW},${Array.from({ length: 1000 }, () => `v1=${hex}`).join(',')}`],
    ['of another secret', sign('whsec-two', BODY, NOW)],
    ['of an empty secret', sign('', BODY, NOW)],
  ])('%s is refused', (_what, signature) => {
    expect(isSigned(signature)).toBe(false);
  });

  it('is over the bytes as they came: one more space is another body', () => {
    expect(isSigned(good, Buffer.concat([BODY, Buffer.from(' ')]))).toBe(false);
    expect(isSigned(good, Buffer.alloc(0))).toBe(false);
    const notText = Buffer.from([0xff, 0x00, 0xfe]);
    expect(isSigned(sign(SECRET, notText, NOW), notText)).toBe(true);
  });

  it.each([
    [-301, false],
    [-300, true],
    [0, true],
    [300, true],
    [301, false],
  ])('made %i s away from now is accepted: %s', (offset, accepted) => {
    expect(isSigned(sign(SECRET, BODY, NOW + offset))).toBe(accepted);
  });

  it('may be of either secret while one is being replaced', () => {
    const secrets = ['whsec-new', SECRET];
    expect(isSigned(good, BODY, secrets)).toBe(true);
    expect(isSigned(sign('whsec-new', BODY, NOW), BODY, secrets)).toBe(true);
    expect(isSigned(sign('whsec-older', BODY, NOW), BODY, secrets)).toBe(false);
    expect(isSigned(good, BODY, [])).toBe(false);
  });
});
