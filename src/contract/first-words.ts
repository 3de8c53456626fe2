import { oneLine } from './markdown.js';

/** The first `count` characters of a text on one line, none of them cut in two (an emoji is two code units), with `…` where there are more. */
export function firstWords(text: string, count: number): string {
  const characters = Array.from(oneLine(text));
  return characters.length > count ? `${characters.slice(0, count).join('')}…` : characters.join('');
}
