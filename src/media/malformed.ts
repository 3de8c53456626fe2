/** The bytes are no MP4 as they should be. `message` completes the sentence "The file is not a whole MP4: …". */
export class Malformed extends Error {
  override readonly name: string = 'Malformed';
}

/** Nothing that came is wrong, and what is missing may be nothing but the rest. */
export class EndsEarly extends Malformed {
  override readonly name = 'EndsEarly';
}
