import type { ModelsAnswer, OpenRouter } from '../openrouter/answers.js';

const FRESH_MS = 5 * 60_000;

/** The provider's model list, kept for five minutes, asked for once however many runs start together. */
export class ModelCatalog {
  private kept: { readonly answer: ModelsAnswer; readonly at: number } | null = null;
  private asking: Promise<ModelsAnswer> | null = null;

  constructor(
    private readonly openRouter: Pick<OpenRouter, 'models'>,
    private readonly freshMs = FRESH_MS,
  ) {}

  /** A list older than `maximumAgeMs` is asked for again. */
  async list(maximumAgeMs = this.freshMs): Promise<ModelsAnswer> {
    if (this.kept !== null && performance.now() - this.kept.at < maximumAgeMs) return this.kept.answer;
    this.asking ??= this.ask().finally(() => (this.asking = null));
    return await this.asking;
  }

  private async ask(): Promise<ModelsAnswer> {
    const answer = await this.openRouter.models();
    if (answer.outcome === 'models') this.kept = { answer, at: performance.now() };
    return answer;
  }
}
