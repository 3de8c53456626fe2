const ANSWER_MS = 2_000;

/** Whether what listens at `host:port` answers as a worker's health check does. */
export async function isWorkerAt(where: string): Promise<boolean> {
  try {
    return (await fetch(`http://${where}/healthz`, { signal: AbortSignal.timeout(ANSWER_MS) })).ok;
  } catch {
    return false;
  }
}
