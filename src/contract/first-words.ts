/** The first `count` characters of a text, none of them cut in two (an emoji is two code units), with `…` where there are more. */
export function firstWords(text: string, count: number): string {
  const characters = Array.from(text);
  return characters.length > count ? `${characters.slice(0, count).join('')}…` : text;
}
