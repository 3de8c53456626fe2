/** What a step brings. */
export interface Job {
  readonly queryWorkflow?: unknown;
  readonly resolveActivity?: { readonly isLocal?: boolean | null } | null;
}

/**
 * Tells of each step whether it brings the end of a local activity together with news, behind a query. The answer to a query ends its
 * task. A local activity that ended meanwhile is then recorded in that task, and the run hears of it in the next, behind what came since:
 * a replay hears of it before (`has_query_responses` in the SDK's core).
 */
export function watchLateEnds(): (jobs: readonly Job[], isReplaying: boolean) => boolean {
  let isAsked = false;
  return (jobs, isReplaying) => {
    const wasAsked = isAsked;
    isAsked = jobs.every(({ queryWorkflow }) => (queryWorkflow ?? null) !== null);
    const ends = jobs.filter(({ resolveActivity }) => resolveActivity?.isLocal === true).length;
    return wasAsked && !isReplaying && ends > 0 && ends < jobs.length;
  };
}
