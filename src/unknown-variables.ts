import { closest, distance } from 'fastest-levenshtein';

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
  const best = closest(name, known);
  return distance(name, best) <= NEAR ? best : null;
}
