import { z } from 'zod';
import { isUsableJobId } from '../contract/job-id.js';
import type { Job } from './answers.js';
import type { Quote } from './provider-text.js';

const urls = z.array(z.unknown()).nullish().catch(null);

const jobBody = z.object({
  id: z.custom<string>(isUsableJobId),
  status: z.string().min(1).nullish().catch(null),
  model: z.string().min(1).nullish().catch(null),
  error: z.unknown().optional(),
  unsigned_urls: urls,
  urls,
  usage: z.object({ cost: z.unknown().optional() }).nullish().catch(null),
});

const errorObject = z.object({ message: z.string().min(1) });

/** A job as read, before it is settled what a missing status means. */
type ParsedJob = Omit<Job, 'status'> & { readonly status: string | null };

/**
 * Reads a job leniently: only a usable id is required. A cost that is not a number of at least 0 is unknown, also one
 * given as a string: the provider's schema says number, and a guess about money helps nobody.
 */
export function parseJob(value: unknown, quote: Quote): ParsedJob | null {
  const parsed = jobBody.safeParse(value);
  if (!parsed.success) return null;
  const { id, status, model, error, unsigned_urls, urls, usage } = parsed.data;
  return {
    id,
    status: quoteOrNull(status, quote),
    costUsd: costOf(usage?.cost),
    error: errorOf(error, quote),
    outputs: Math.max(1, placesIn(unsigned_urls), placesIn(urls)),
    model: quoteOrNull(model, quote),
  };
}

/** An output is asked for by its place, so that an empty one counts unless all after it are empty as well. */
function placesIn(addresses: readonly unknown[] | null | undefined): number {
  return (addresses ?? []).findLastIndex((address) => address !== null && address !== '') + 1;
}

function costOf(cost: unknown): number | null {
  return typeof cost === 'number' && Number.isFinite(cost) && cost >= 0 ? Math.abs(cost) : null; // no -0
}

function errorOf(error: unknown, quote: Quote): string | null {
  if (error === null || error === undefined) return null;
  if (typeof error === 'string') return quoteOrNull(error, quote);
  const object = errorObject.safeParse(error);
  return quoteOrNull(object.success ? object.data.message : jsonOf(error), quote);
}

/** Nested deeply enough, it cannot be written again; that must not cost the job's id. */
function jsonOf(value: unknown): string | null {
  try {
    return JSON.stringify(value);
  } catch {
    return null;
  }
}

function quoteOrNull(text: string | null | undefined, quote: Quote): string | null {
  const quoted = quote(text ?? '');
  return quoted === '' ? null : quoted;
}
