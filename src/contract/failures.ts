/**
 * How a run can end badly. The keys are `ApplicationFailure` types in stored histories and in callers' code:
 * add, never rename. `docs/errors/<slug>.md` explains each one.
 */
export const FAILURES = {
  InvalidRequest: { slug: 'invalid-request', billed: 'no' },
  BudgetExceeded: { slug: 'budget-exceeded', billed: 'no' },
  AuthenticationFailed: { slug: 'authentication-failed', billed: 'maybe' },
  PermissionDenied: { slug: 'permission-denied', billed: 'maybe' },
  InsufficientCredits: { slug: 'insufficient-credits', billed: 'no' },
  SubmissionRejected: { slug: 'submission-rejected', billed: 'no' },
  ProviderUnavailable: { slug: 'provider-unavailable', billed: 'no' },
  SubmissionAbandoned: { slug: 'submission-abandoned', billed: 'maybe' },
  VideoFailed: { slug: 'video-failed', billed: 'maybe' },
  VideoCancelled: { slug: 'video-cancelled', billed: 'maybe' },
  VideoExpired: { slug: 'video-expired', billed: 'maybe' },
  VideoLost: { slug: 'video-lost', billed: 'maybe' },
  PollingExhausted: { slug: 'polling-exhausted', billed: 'maybe' },
  DownloadFailed: { slug: 'download-failed', billed: 'yes' },
  InvalidVideo: { slug: 'invalid-video', billed: 'yes' },
  OutputConflict: { slug: 'output-conflict', billed: 'no' },
  StorageFailed: { slug: 'storage-failed', billed: 'maybe' },
} as const satisfies Record<string, { slug: string; billed: 'yes' | 'no' | 'maybe' }>;

export type FailureType = keyof typeof FAILURES;

/** What `status.error.type` may also say: states that are not failures, or not failures yet. */
export type ProblemType =
  | FailureType
  | 'SubmissionUnknown'
  | 'Cancelled'
  | 'Terminated'
  | 'NoWorker'
  | 'Paused'
  | 'StepTimesOut'
  | 'Unexpected';

export function isFailureType(type: string | null | undefined): type is FailureType {
  return typeof type === 'string' && Object.hasOwn(FAILURES, type);
}

/** One problem as it stands in a status: a stable type and a sentence that says what to do. */
export interface Problem {
  readonly type: ProblemType;
  readonly message: string;
}

/**
 * The text of a failure: what happened, the page that explains it, and, last, the command that helps, so that it can be
 * copied from the end of the line.
 */
export function failureMessage(type: FailureType, what: string, command?: string): string {
  const page = `See docs/errors/${FAILURES[type].slug}.md.`;
  return command === undefined ? `${what} ${page}` : withCommand(`${what} ${page}`, command);
}

/** Only for what has ended: while a run still tries by itself, the command would start a second one. */
export function withCommand(message: string, command: string): string {
  return `${message} To get the paid video: ${command}`;
}
