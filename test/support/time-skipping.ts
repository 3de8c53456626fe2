import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { vi } from 'vitest';
import { cacheDirectory } from '../../src/local/cache-directory.js';

/** Temporal's test server, whose clock jumps to the next timer when nothing runs. */
const VERSION = '1.38.0';

/**
 * Maven Central has it for every platform; where Maven or Java is missing, the SDK downloads its own build.
 */
export async function startTimeSkipping(): Promise<TestWorkflowEnvironment> {
  const path = await fromMaven();
  const options = path === null ? {} : { server: { executable: { type: 'existing-path' as const, path } } };
  // The SDK gives a server five seconds to start, which a busy machine does not keep.
  return await vi.waitFor(() => TestWorkflowEnvironment.createTimeSkipping(options), { timeout: 120_000 });
}

async function fromMaven(): Promise<string | null> {
  const home = join(cacheDirectory(), 'temporal-test-server', VERSION);
  const executable = join(home, 'test-server');
  if (existsSync(executable)) return executable;
  if (!runs('java', '-version') || !runs('mvn', '-v')) return null;
  await mkdir(join(home, '..'), { recursive: true });
  const staging = await mkdtemp(`${home}-`);
  await writeFile(join(staging, 'pom.xml'), POM);
  console.log('fetching Temporal’s time-skipping test server from Maven Central, once');
  execFileSync('mvn', ['-q', '-B', 'dependency:copy-dependencies', '-DoutputDirectory=jars'], {
    cwd: staging,
    stdio: 'inherit',
  });
  await writeFile(
    join(staging, 'test-server'),
    '#!/bin/sh\nexec java -cp "$(dirname "$0")/jars/*" io.temporal.testserver.TestServer "$@"\n',
  );
  await chmod(join(staging, 'test-server'), 0o755);
  await rename(staging, home).catch(() => rm(staging, { recursive: true }));
  return executable;
}

function runs(command: string, argument: string): boolean {
  try {
    execFileSync(command, [argument], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>longtake</groupId>
  <artifactId>time-skipping-server</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>io.temporal</groupId>
      <artifactId>temporal-test-server</artifactId>
      <version>${VERSION}</version>
    </dependency>
  </dependencies>
</project>
`;
