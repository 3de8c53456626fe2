const PREFIX = 'LONGTAKE_';
/** More changes than that make another name. */
const NEAR = 4;
/** Kubernetes tells every container of the services beside it, and one of them may be called longtake. */
const OF_KUBERNETES = { name: /_SERVICE_(HOST|PORT)|_PORT_\d+_/, value: /^(tcp|udp|sctp):\/\// };

/** Of every variable that looks like one of longtake's and is none, a sentence: misspelt, it has no effect. */
export function unknownVariables(environment: Readonly<Record<string, string>>, known: readonly string[]): string[] {
  return Object.entries(environment)
    .filter(([name, value]) => name.startsWith(PREFIX) && !known.includes(name) && !isOfKubernetes(name, value))
    .map(([name]) => {
      const near = nearest(name, known);
      return `${name} is no variable of longtake, and has no effect.${near === null ? '' : ` Did you mean ${near}?`}`;
    });
}

function isOfKubernetes(name: string, value: string): boolean {
  return OF_KUBERNETES.name.test(name) || OF_KUBERNETES.value.test(value);
}

function nearest(name: string, known: readonly string[]): string | null {
  const [best] = known
    .map((other) => ({ other, changes: distance(name, other) }))
    .sort((a, b) => a.changes - b.changes);
  return best !== undefined && best.changes <= NEAR ? best.other : null;
}

/** How many letters have to be put in, taken out or changed (Levenshtein). */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const letter of one) {
    const [before = 0] = row;
    const next = [before + 1];
    for (const [index, otherLetter] of Array.from(other).entries()) {
      const [across = 0, above = 0, left = 0] = [row[index], row[index + 1], next[index]];
      next.push(Math.min(across + (letter === otherLetter ? 0 : 1), above + 1, left + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
