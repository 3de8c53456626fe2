import type { z } from 'zod';

const KINDS: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'an object',
  array: 'a list',
  record: 'an object',
};

/** What a value must be, where its schema has no words of its own: `safeParse(value, { error: inPlainWords })`. */
export const inPlainWords: z.core.$ZodErrorMap = (issue) => {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? 'is required' : `must be ${KINDS[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return `must be ${oneOf(issue.values)}`;
    case 'too_small':
      if (issue.origin !== 'string')
        return `must be ${issue.inclusive === false ? 'above' : 'at least'} ${issue.minimum}`;
      return issue.minimum === 1 ? 'must not be empty' : `must have at least ${issue.minimum} characters`;
    case 'too_big':
      if (issue.origin !== 'string')
        return `must be ${issue.inclusive === false ? 'below' : 'at most'} ${issue.maximum}`;
      return `must have at most ${issue.maximum} characters`;
    case 'unrecognized_keys':
      return `has what longtake does not know: ${issue.keys.map((key) => JSON.stringify(key)).join(', ')}`;
    default:
      return 'options' in issue && Array.isArray(issue.options) ? `must be ${oneOf(issue.options)}` : 'is wrong';
  }
};

function oneOf(values: readonly unknown[]): string {
  return values.map((value) => JSON.stringify(value)).join(' or ');
}
