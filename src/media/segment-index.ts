import type { Box } from './box.js';

/** How far the file must at least go for what a `sidx` box lists; `boxEnd` is where that box ends. @throws Malformed */
export function indexedEnd(sidx: Box, boxEnd: number): number {
  const long = sidx.version === 1;
  const firstOffset = long ? sidx.uint64(20) : sidx.uint32(16);
  const countAt = long ? 30 : 22;
  const count = sidx.uint16(countAt);
  let end = boxEnd + firstOffset;
  for (let index = 0; index < count; index++) end += sidx.uint32(countAt + 2 + index * 12) & 0x7fffffff;
  return end;
}
