import { describe, expect, it } from 'vitest';
import { isContractVariable } from './contract-variables.js';
import { readRepositoryFile } from './repository-file.js';

const ASSIGNMENT = /^#?([A-Z][A-Z0-9_]*)=(.*)$/;

const lines = readRepositoryFile('.env.example').split('\n');
const assignments = lines.flatMap((line) => {
  const [, name, value] = ASSIGNMENT.exec(line) ?? [];
  return name === undefined || value === undefined ? [] : [{ name, value, active: !line.startsWith('#') }];
});

describe('.env.example', () => {
  it('names settings that the contract has, and no other', () => {
    const others = assignments.map(({ name }) => name).filter((name) => !isContractVariable(name));
    expect(others).toEqual(['COMPOSE_PROFILES']); // read by docker compose itself
    expect(assignments.length).toBeGreaterThan(10);
  });

  it('asks for the API key and for nothing else', () => {
    expect(assignments.filter(({ active }) => active)).toEqual([
      { name: 'OPENROUTER_API_KEY', value: '', active: true },
    ]);
  });

  it('holds no secret', () => {
    const secrets = assignments.filter(({ name }) => /(KEY|KEYS|SECRET|_ID)$/.test(name));
    expect(secrets.map(({ value }) => value).join('')).toBe('');
  });

  it('leaves out what the stack itself decides', () => {
    const names = assignments.map(({ name }) => name);
    for (const fixed of [
      'TEMPORAL_ADDRESS',
      'TEMPORAL_NAMESPACE',
      'LONGTAKE_HTTP_ADDRESS',
      'LONGTAKE_METRICS_ADDRESS',
    ]) {
      expect(names).not.toContain(fixed);
    }
  });
});
