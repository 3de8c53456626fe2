import ms from 'ms';

/** `0:07`, `12:30`, `1:02:03`. */
export function clock(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  const [hours, minutes, rest] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60];
  const tail = `${String(minutes).padStart(hours > 0 ? 2 : 1, '0')}:${String(rest).padStart(2, '0')}`;
  return hours > 0 ? `${hours}:${tail}` : tail;
}

const BYTE_UNITS = ['kB', 'MB', 'GB', 'TB'] as const;

/** `512 B`, `442.7 kB`, `1.2 GB`: thousands, as download sizes are usually given. */
export function bytes(count: number): string {
  let [value, unit] = [count, 'B'];
  for (const larger of BYTE_UNITS) {
    if (value < 1_000) break;
    [value, unit] = [value / 1_000, larger];
  }
  return unit === 'B' ? `${count} B` : `${value.toFixed(1)} ${unit}`;
}

/** `2026-11-22 07:00:12+01:00`: local time, and how far from UTC, in which messages are. */
export function localTime(iso: string): string {
  const time = new Date(iso);
  const two = (value: number): string => String(value).padStart(2, '0');
  const date = [time.getFullYear(), two(time.getMonth() + 1), two(time.getDate())].join('-');
  const aheadMinutes = -time.getTimezoneOffset();
  const [hours, minutes] = [Math.floor(Math.abs(aheadMinutes) / 60), Math.abs(aheadMinutes) % 60];
  const zone = `${aheadMinutes < 0 ? '-' : '+'}${two(hours)}:${two(minutes)}`;
  return `${date} ${[time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join(':')}${zone}`;
}

/** `45s`, `3m`, `2h`, `5d`: how long ago it was. */
export function age(iso: string, now: number): string {
  return ms(Math.max(1_000, now - Date.parse(iso)));
}

/** Behind a state, in the words of Temporal's UI (`src/workflows/details.ts`). */
export function cancelSuffix({ cancelRequested }: { readonly cancelRequested: boolean }): string {
  return cancelRequested ? ', cancel requested' : '';
}

/** Columns as wide as their widest cell, two spaces apart. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
