import { defineSearchAttributeKey, type SearchAttributePair } from '@temporalio/common';
import type { VideoStatus } from '../contract/types.js';

const STATE_KEY = defineSearchAttributeKey('LongtakeState', 'KEYWORD');
const MODEL_KEY = defineSearchAttributeKey('LongtakeModel', 'KEYWORD');
const JOB_ID_KEY = defineSearchAttributeKey('LongtakeJobId', 'KEYWORD');
const COST_KEY = defineSearchAttributeKey('LongtakeCostUsd', 'DOUBLE');
const TENANT_KEY = defineSearchAttributeKey('LongtakeTenant', 'KEYWORD');

/** What a keyword holds where visibility is a SQL database; a longer one would keep the whole run out of every list. */
const KEYWORD_CHARACTERS = 255;

interface Asked {
  readonly model: string | null;
  readonly tenant: string | undefined;
}

/** By which a run is found among others. */
export function searchAttributesOf(
  { state, jobId, costUsd }: VideoStatus,
  { model, tenant }: Asked,
): SearchAttributePair[] {
  return [
    { key: STATE_KEY, value: state },
    ...(model === null ? [] : [{ key: MODEL_KEY, value: model.slice(0, KEYWORD_CHARACTERS) }]),
    ...(jobId === null || jobId.length > KEYWORD_CHARACTERS ? [] : [{ key: JOB_ID_KEY, value: jobId }]),
    ...(costUsd === null ? [] : [{ key: COST_KEY, value: costUsd }]),
    ...(tenant === undefined ? [] : [{ key: TENANT_KEY, value: tenant }]),
  ];
}
