/** Text as a string literal of a visibility query, which would end at an unescaped quote. */
export function queryLiteral(text: string): string {
  return `'${text.replace(/[\\']/g, (character) => `\\${character}`)}'`;
}
