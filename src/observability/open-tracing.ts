import type { Tracing } from './tracing.js';

/** OpenTelemetry is loaded only where traces are asked for: nobody else pays for it. */
export async function openTracing({ traces }: { readonly traces: boolean }): Promise<Tracing | null> {
  if (!traces) return null;
  const { startTracing } = await import('./tracing.js');
  return startTracing();
}
