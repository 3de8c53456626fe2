import type {
  $Command,
  S3Client,
  S3ClientResolvedConfig,
  ServiceInputTypes,
  ServiceOutputTypes,
} from '@aws-sdk/client-s3';
import { patiently, type Patience } from './s3-patience.js';

type Command<I extends ServiceInputTypes, O extends ServiceOutputTypes> = $Command<
  I,
  O,
  S3ClientResolvedConfig,
  ServiceInputTypes,
  ServiceOutputTypes
>;

/** What ends a request, which waits for no storage that is off, unless it has patience. */
export type Ending = Partial<Patience>;

/** The storage says "done" and does not say what: some put an error behind a status that they had sent too early. */
export class NoResult extends Error {
  override readonly name = 'NoResult';
}

/** An answer of the storage, and whether it may have got the request more than once: each of these may be done, also late. */
export type Answer<O> = O & { readonly wasRepeated: boolean };

/** Sends requests to S3, each again as often as its ending has patience for. */
export class S3Requests {
  constructor(private readonly client: S3Client) {}

  /** @param hasResult - an answer without one is none @throws the SDK's errors, NoResult */
  async send<I extends ServiceInputTypes, O extends ServiceOutputTypes>(
    command: Command<I, O>,
    { abortSignal, onTrouble }: Ending,
    hasResult: (answer: O) => boolean = () => true,
  ): Promise<Answer<O>> {
    const ask = async (before = 0): Promise<Answer<O>> => {
      const answer = await this.client.send(command, abortSignal === undefined ? {} : { abortSignal });
      if (!hasResult(answer)) throw new NoResult('the storage said neither what it did nor what went wrong');
      return { ...answer, wasRepeated: before > 0 || answer.$metadata.attempts !== 1 };
    };
    if (abortSignal === undefined || onTrouble === undefined) return await ask();
    return await patiently(ask, { abortSignal, onTrouble });
  }
}
