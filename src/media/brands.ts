import type { Box } from './box.js';
import { Malformed } from './malformed.js';

// ISO base media and MP4, the DASH and CMAF profiles, the codecs' own, 3GPP, Apple's M4V, Adobe's F4V, Sony's,
// Microsoft's, and QuickTime, whose boxes are the same and which the same players read. Writers must list one that they
// conform to.
const VIDEO_BRANDS =
  /^(iso[0-9a-z]|mp[47][0-9]|avc[0-9]|hvc[0-9]|hev[0-9]|av01|vp09|dash|c[m2][a-z0-9]{2}|3g[a-z0-9]{2}|M4V.|f4v |MSNV|XAVC|dby1|isml|piff|qt {2})$/;

/** @throws Malformed - the file says that it is something else, such as a picture or a sound file */
export function checkBrands(ftyp: Box): void {
  const brands = [ftyp.code(0)];
  for (let at = 8; at + 4 <= ftyp.length; at += 4) brands.push(ftyp.code(at));
  if (!brands.some((brand) => VIDEO_BRANDS.test(brand))) {
    throw new Malformed(`its brand ${printable(brands[0] ?? '')} is not that of an MP4 video`);
  }
}

function printable(code: string): string {
  return JSON.stringify(code.replace(/[^\x20-\x7e]/g, '?'));
}
