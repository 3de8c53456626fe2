/** Fixed limits, each with its reason. What a caller may choose is in `GenerateVideoInput` instead. */
export const LIMITS = {
  /** A host that has not completed TCP and TLS by then is down for this attempt. */
  connectMs: 10_000,
  /** OpenRouter answers a submit in seconds; after a minute only doubt would grow. */
  submitAnswerMs: 60_000,
  /** A poll is a small read; a slower answer is worth less than the next poll. */
  pollAnswerMs: 15_000,
  /** The same for the model list. */
  modelsAnswerMs: 15_000,
  /** No byte for this long means that the transfer is dead. */
  downloadIdleMs: 60_000,
  /**
   * A sender that gives less than this in a minute of waiting for it is as good as dead: at that pace the smallest videos
   * take ten minutes, and the slowest lines of telephones bring five times as much.
   */
  downloadWindowMs: 60_000,
  downloadWindowBytes: 64 * 1024,
  /** As `downloadIdleMs`, for one request to S3. */
  storageIdleMs: 60_000,
  /** A bucket that is off for longer ends the attempt: a video that waits holds a slot and disk space. */
  storagePatienceMs: 60_000,
  /** A look at S3 before the submit, with the SDK's own retries; leaves the rest of the check the time of a model list. */
  storageCheckMs: 25_000,
  /** A new job may not be visible at once; the fifth 404 in a row is the provider's word. */
  missingInARow: 5,
  /** Two faulty transfers happen; three complete answers that are no video are the asset itself. */
  invalidVideos: 3,
  /** Of one job, saved. A request is for one; all of them stand in the memo and in the result, of which Temporal takes 2 MB. */
  outputs: 100,
  /** OpenRouter's own clients see at most five hops. */
  contentRedirects: 5,
  /** Job answers are a few KiB; a 1 MB one was named as a fault to survive. */
  answerBytes: 4 * 1024 * 1024,
  /** Error bodies are quoted in messages, never needed whole. */
  errorBytes: 64 * 1024,
  /** What a message may quote of somebody else's text. */
  quotedCharacters: 300,
  /** Of a cancel: it stands in the end's message, and Temporal terminates a run whose memo outgrows 2 MB. */
  reasonCharacters: 1_000,
  /** Webhook events have a few KiB. */
  webhookBytes: 64 * 1024,
  /** For a whole event: a sender that trickles must not hold a socket. */
  webhookBodyMs: 10_000,
  /** How far an event's signature may be from now, either way: the provider's own advice. */
  webhookAgeSeconds: 300,
  /** A provider does not wait long; it is told to come again instead. */
  webhookSignalMs: 5_000,
  /** For a codec server. A page of history has at most 4 MiB, and base64 adds a third. */
  codecBytes: 8 * 1024 * 1024,
  codecBodyMs: 15_000,
  /** Temporal refuses payloads over 2 MB; the input passes through history more than once. */
  inputBytes: 1_500_000,
  /** Temporal's own, of a workflow id. */
  runIdBytes: 1_000,
} as const;

/** Used where the caller gave no `polling`: the video guide's schedule, 60 polls at most 30 s apart. */
export const DEFAULT_POLLING = {
  initialInterval: '10s',
  backoffCoefficient: 1.25,
  maximumInterval: '30s',
  maximumAttempts: 60,
  timeout: '30m',
} as const;

/** Used where the caller gave no `timeouts`. */
export const DEFAULT_TIMEOUTS = { submit: '10m', download: '1h' } as const;
