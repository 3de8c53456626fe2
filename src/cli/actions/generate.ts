import { randomUUID } from 'node:crypto';
import { waitCommand } from '../../contract/commands.js';
import type { GenerateVideoInput } from '../../contract/types.js';
import type { GenerateFlags } from '../commands/generate.js';
import { commandHere } from '../command-here.js';
import { usageError } from '../errors.js';
import { freeExampleOutput, newExampleId, outputOf, withExampleDefaults } from '../example.js';
import type { ExitCode } from '../exit-codes.js';
import { DEFAULT_MODEL, fieldsOf, requestFromFlags } from '../request-from-flags.js';
import { checkId, checkInput, runOptions, warnOfOneLook } from '../run-input.js';
import { inputOf } from '../run-record.js';
import type { RunSession } from '../run-session.js';
import { runVideo } from '../run-video.js';

const EXAMPLE = 'longtake generate "A lighthouse at dusk, waves rolling in"';

export async function generate(prompt: string | undefined, flags: GenerateFlags): Promise<ExitCode> {
  const input = await inputFromFlags(prompt, flags);
  const isExample = flags.example === true && prompt === undefined && flags.request === undefined;
  const id = flags.id ?? (isExample ? newExampleId() : `video-${randomUUID()}`);
  checkId(id, input?.output);
  if (input === null || !isExample || input.output !== undefined) return await runVideo(flags, () => ({ id, input }));
  return await runVideo(flags, async (session) => ({
    id,
    input: { ...input, output: await freeExampleOutput(session.config, await claimedOutputs(session)) },
  }));
}

/** `null`: nothing is to be started, only a local run to be come back to. */
async function inputFromFlags(prompt: string | undefined, flags: GenerateFlags): Promise<GenerateVideoInput | null> {
  const given = await requestFromFlags(prompt, flags);
  const comesBack = flags.local === true && flags.id !== undefined;
  if (given === null && flags.example !== true) {
    if (comesBack) return null;
    const follow =
      flags.id === undefined
        ? ''
        : `\nTo follow run ${flags.id}, if there is one: ${commandHere(waitCommand(flags.id))}`;
    throw usageError(`Say what the video shows, for example:\n  ${commandHere(EXAMPLE)}${follow}`);
  }
  const request = given ?? { model: DEFAULT_MODEL, ...fieldsOf(prompt, flags) };
  const input: GenerateVideoInput = {
    request: flags.example === true ? withExampleDefaults(request) : request,
    ...runOptions(flags),
    ...(flags.maxCost === undefined ? {} : { maxCostUsd: flags.maxCost }),
  };
  warnOfOneLook(flags);
  checkInput(input, flags);
  return input;
}

/** The keys that unfinished runs of this folder will write. */
async function claimedOutputs({ connection: { temporal }, unfinished }: RunSession): Promise<Set<string>> {
  const inputs = await Promise.all(
    unfinished.map(async (run) => ({ id: run.id, input: await inputOf(temporal, run) })),
  );
  return new Set(inputs.map(({ id, input }) => outputOf(id, input?.output)));
}
