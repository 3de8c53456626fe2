const ANSWER_MS = 2_000;

/** Whether what listens at `host:port` answers as a worker's health check does. */
export async function isWorkerAt(where: string): Promise<boolean> {
  return (await answerOf(`http://${where}/healthz`)) !== null;
}

/** Whether what listens at `host:port` shows a worker's metrics. */
export async function showsMetricsAt(where: string): Promise<boolean> {
  return (await answerOf(`http://${where}/metrics`))?.includes('longtake_') === true;
}

async function answerOf(url: string): Promise<string | null> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS) });
    return response.ok ? await response.text() : null;
  } catch {
    return null;
  }
}
