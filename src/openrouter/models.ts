import { z } from 'zod';
import type { CallOptions, ModelsAnswer, VideoModel } from './answers.js';
import { trouble } from './error-answer.js';
import { readJson } from './json-read.js';
import type { Provider } from './provider.js';
import { parseVideoModel } from './video-model.js';

const modelList = z.object({ data: z.array(z.unknown()) });

/** `GET /videos/models`, once. Entries that cannot be read are left out. */
export async function readModels(provider: Provider, { signal }: CallOptions): Promise<ModelsAnswer> {
  const target = provider.urls.models();
  const answer = await readJson(provider, target, { answerMs: provider.limits.modelsAnswerMs, signal });
  if (answer.outcome === 'missing') return trouble(404, answer.message, answer.retryAfterMs);
  if (answer.outcome !== 'json') return answer;
  const list = modelList.safeParse(answer.value);
  if (!list.success) return trouble(200, 'OpenRouter answered with no model list.', answer.retryAfterMs);
  return { outcome: 'models', models: list.data.data.map(parseVideoModel).filter(isModel) };
}

function isModel(model: VideoModel | null): model is VideoModel {
  return model !== null;
}
