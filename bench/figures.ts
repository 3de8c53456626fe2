import { execFileSync } from 'node:child_process';

/** Resident memory of a process, in MiB. */
export function residentMiB(pid: number): number {
  return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) / 1024;
}

/** Watches a process's resident memory until `stop` is called, which gives the largest value seen, in MiB. */
export function watchMemory(pid: number): { stop(): number } {
  let largest = residentMiB(pid);
  const timer = setInterval(() => {
    largest = Math.max(largest, residentMiB(pid));
  }, 100);
  return {
    stop() {
      clearInterval(timer);
      return Math.max(largest, residentMiB(pid));
    },
  };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** One line a figure: name, value, and what the project promises itself, where it does. */
export function figure(name: string, value: number, unit: string, aim = ''): void {
  const shown = value >= 100 ? value.toFixed(0) : value.toFixed(2);
  console.log(`${name.padEnd(58)} ${shown.padStart(9)} ${unit.padEnd(8)} ${aim}`);
}
