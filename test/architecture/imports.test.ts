import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { cruise, type ICruiseOptions, type ICruiseResult } from 'dependency-cruiser';
import extractTsConfig from 'dependency-cruiser/config-utl/extract-ts-config';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const fixtures = fileURLToPath(new URL('./fixtures/', import.meta.url));
const config = createRequire(import.meta.url)('../../.dependency-cruiser.cjs') as {
  forbidden: { name: string }[];
  options: ICruiseOptions;
};

async function violations(baseDir: string): Promise<{ names: string[]; cruised: number }> {
  const options = {
    ...config.options,
    ruleSet: { forbidden: config.forbidden },
    validate: true,
    baseDir,
  } as ICruiseOptions;
  const { output } = await cruise(['src'], options, undefined, {
    tsConfig: extractTsConfig(`${root}tsconfig.json`),
  });
  const { summary } = output as ICruiseResult;
  return { names: summary.violations.map(({ rule }) => rule.name), cruised: summary.totalCruised };
}

describe('the arrows of imports', () => {
  it('hold in all of src', async () => {
    const files = readdirSync(`${root}src`, { recursive: true }).filter((name) => String(name).endsWith('.ts'));
    const { names, cruised } = await violations(root);
    expect(names).toEqual([]);
    // A cruiser that cannot read TypeScript finds nothing wrong, and says so.
    expect(cruised).toBeGreaterThanOrEqual(files.length);
  });

  it.each(readdirSync(fixtures).filter((name) => name !== 'types-are-free'))(
    'are held by a rule that bites: %s',
    async (rule) => {
      expect((await violations(`${fixtures}${rule}`)).names).toContain(rule);
    },
  );

  it('leave type-only imports free', async () => {
    expect((await violations(`${fixtures}types-are-free`)).names).toEqual([]);
  });
});
