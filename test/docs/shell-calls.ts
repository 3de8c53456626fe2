import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Whatever stands before `longtake` (`npx`, `docker compose exec worker`, `kubectl exec … --`) is the way to it. */
const SHELL = `
longtake() { { printf '%s\\0' "$@"; printf '\\n\\0'; } >> "$CALLS"; }
ours() { while [ $# -gt 0 ]; do case "$1" in longtake) shift; longtake "$@"; return;; *) shift;; esac; done; }
npx() { ours "$@"; }
docker() { case " $* " in *" exec "*) ours "$@";; esac; }
kubectl() { docker "$@"; }
npm() { if [ "$1" = start ]; then shift; [ "$1" = -- ] && shift; longtake generate --local "$@"; fi; }
command_not_found_handle() { :; }
PATH=/nowhere
`;

/** Where papers redirect to, below a home of the script's own: what is somebody's stays as it is. */
const FOLDERS = ['.config/fish/completions'];

/** The words behind `longtake`, of every call in a script, as a real shell understands it. Nothing else in it is run. */
export function longtakeCalls(script: string): string[][] {
  const directory = mkdtempSync(join(tmpdir(), 'longtake-shell-'));
  const calls = join(directory, 'calls');
  for (const folder of FOLDERS) mkdirSync(join(directory, folder), { recursive: true });
  try {
    execFileSync('bash', ['-c', `: > "$CALLS"\n${SHELL}\n${script}\ntrue`], {
      cwd: directory,
      env: { PATH: process.env['PATH'], HOME: directory, CALLS: calls },
      stdio: ['ignore', 'ignore', 'ignore'],
    });
    return readFileSync(calls, 'utf8')
      .split('\n\0')
      .slice(0, -1)
      .map((words) => words.split('\0').slice(0, -1));
  } finally {
    rmSync(directory, { recursive: true });
  }
}
