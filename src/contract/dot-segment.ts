/** `.` and `..`, which every URL parser resolves, escaped or not: in an address they would name another place. */
export function isDotSegment(segment: string): boolean {
  return segment === '.' || segment === '..';
}
