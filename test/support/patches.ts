import { readdir, readFile } from 'node:fs/promises';
import { CHANGES, EARLIER_CHANGES, MARKERS } from '../../src/workflows/changes.js';
import type { GoldenHistory } from './histories.js';

const WORKFLOWS = new URL('../../src/workflows/', import.meta.url);
const ASKS = /\b(?:goesBy|patched)\('([^']+)'\)/g;

/** The markers of every change that runs decide on. A change that no code asks for is an error. */
export async function markersInCode(): Promise<readonly string[]> {
  const files = (await readdir(WORKFLOWS)).filter((name) => name.endsWith('.ts'));
  const code = (await Promise.all(files.map((name) => readFile(new URL(name, WORKFLOWS), 'utf8')))).join('\n');
  const asked = new Set([...code.matchAll(ASKS)].map(([, id]) => id));
  const unasked = [...Object.values(CHANGES).flat(), ...EARLIER_CHANGES].filter((id) => !asked.has(id));
  if (unasked.length > 0) throw new Error(`No code asks for ${unasked.join(', ')}`);
  return [...MARKERS, ...EARLIER_CHANGES];
}

/** The ids of the changes that a recorded run went by, in their order. */
export function patchesIn({ events }: Pick<GoldenHistory, 'events'>): string[] {
  return (events as unknown as readonly RecordedEvent[]).flatMap(({ markerRecordedEventAttributes: marker }) => {
    if (marker?.markerName !== 'core_patch') return [];
    const [payload] = marker.details['patch-data']?.payloads ?? [];
    const { id } = JSON.parse(Buffer.from(payload?.data ?? '', 'base64').toString()) as { id: string };
    return [id];
  });
}

interface RecordedEvent {
  readonly markerRecordedEventAttributes?: {
    readonly markerName: string;
    readonly details: Partial<Record<string, { readonly payloads: readonly { readonly data: string }[] }>>;
  };
}
