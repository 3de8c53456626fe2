import type { Connection } from '@temporalio/client';
import { noNamespace } from './errors.js';

const NOT_FOUND = 5;

/** Why the namespace cannot be used, or `null`. */
export async function namespaceProblem(
  connection: Connection,
  namespace: string,
  withinMs: number,
): Promise<string | null> {
  try {
    await connection.withDeadline(Date.now() + withinMs, () =>
      connection.workflowService.describeNamespace({ namespace }),
    );
    return null;
  } catch (error) {
    if ((error as { code?: unknown }).code !== NOT_FOUND) throw error;
    return noNamespace(namespace);
  }
}
