import { loadConfig, type Config } from '../../config.js';
import { dollars } from '../../contract/dollars.js';
import type { VideoModel } from '../../openrouter/answers.js';
import { createOpenRouter } from '../../openrouter/client.js';
import { startSimulator } from '../../simulator/index.js';
import { commandHere } from '../command-here.js';
import { CliError, usageError } from '../errors.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { table } from '../format.js';
import { clipOf, pricePerSecond, priceOf, prices, type Clip } from '../model-prices.js';
import { print, printHeading, printJson, say, warn } from '../output.js';
import { plain } from '../terminal.js';

export async function models(
  id: string | undefined,
  { json }: { readonly json?: true | undefined },
): Promise<ExitCode> {
  if (id?.trim() === '') {
    throw usageError(
      `The model is empty. Name one, or leave it out to see which there are: ${commandHere('longtake models')}`,
    );
  }
  const all = await readModels(loadConfig());
  const shown = id === undefined ? all : all.filter((model) => model.id === id || model.canonicalSlug === id);
  if (id !== undefined && shown.length === 0) {
    throw new CliError(
      EXIT.failed,
      `There is no model ${id}. To see which there are: ${commandHere('longtake models')}`,
    );
  }
  if (json === true) printJson(shown.map(asJson));
  else if (id === undefined) printTable(shown);
  else for (const line of shown.flatMap(card)) print(line);
  return EXIT.done;
}

/** Without a key it is the simulator's list, which says so. */
async function readModels({ openRouter }: Config): Promise<readonly VideoModel[]> {
  const { apiKey, baseUrl } = openRouter;
  if (apiKey !== null) return await ask(baseUrl, apiKey);
  warn("There is no OPENROUTER_API_KEY: this is the simulator's list, and its prices are examples.");
  const simulator = await startSimulator();
  try {
    return await ask(simulator.baseUrl, 'longtake-simulator-key');
  } finally {
    await simulator.close();
  }
}

async function ask(baseUrl: string, apiKey: string): Promise<readonly VideoModel[]> {
  const openRouter = createOpenRouter({ baseUrl, apiKey });
  try {
    const answer = await openRouter.models();
    if (answer.outcome === 'models') return answer.models;
    throw new CliError(EXIT.failed, `The model list of ${baseUrl} cannot be read: ${plain(answer.message)}`);
  } finally {
    await openRouter.close();
  }
}

function asJson(model: VideoModel): Record<string, unknown> {
  const clip = clipOf(model);
  return { ...model, clip, clipCostUsd: numberOf(priceOf(model, clip)) };
}

function numberOf(price: string | null): number | null {
  return price === null ? null : Number(price);
}

function printTable(all: readonly VideoModel[]): void {
  const rows = all.map((model) => {
    const clip = clipOf(model);
    return [
      model.id,
      seconds(model),
      joined(model.resolutions),
      yesNo(model.generateAudio),
      money(pricePerSecond(model)),
      `${money(priceOf(model, clip))}  ${clipText(clip)}`,
    ];
  });
  const [head = '', ...lines] = table([['MODEL', 'SECONDS', 'RESOLUTIONS', 'AUDIO', 'PER SECOND', 'A CLIP'], ...rows]);
  printHeading(head);
  for (const line of lines) print(line);
  const one = commandHere('longtake models MODEL');
  say(`All about one: ${one}. Prices are estimates, in US dollars; "-" is not known beforehand.`);
}

function card(model: VideoModel): string[] {
  const rows = [
    ['model', model.id],
    ['name', model.name ?? '-'],
    ['about', model.description ?? '-'],
    ['seconds', seconds(model)],
    ['resolutions', joined(model.resolutions)],
    ['ratios', joined(model.aspectRatios)],
    ['sizes', joined(model.sizes)],
    ['frames', joined(model.frameImages)],
    ['audio', yesNo(model.generateAudio)],
    ['seed', yesNo(model.seed)],
    ['parameters', joined(model.passthroughParameters)],
    ...prices(model).map(({ clip, usd }) => ['price', `${money(usd)}  ${clipText(clip)}`]),
  ];
  return table(rows.map(([name = '', value = '']) => [name, plain(value)]));
}

function seconds({ durations }: VideoModel): string {
  return joined(durations === null ? null : [...durations].sort((a, b) => a - b));
}

function joined(values: readonly (string | number)[] | null): string {
  return values === null || values.length === 0 ? '-' : plain(values.join(' '));
}

function yesNo(value: boolean | null): string {
  if (value === null) return '-';
  return value ? 'yes' : 'no';
}

function money(usd: string | null): string {
  return usd === null ? '-' : dollars(usd);
}

function clipText({ seconds: length, resolution, audio }: Clip): string {
  return `${length} s${resolution === null ? '' : ` ${resolution}`}${audio ? ' with sound' : ' silent'}`;
}
