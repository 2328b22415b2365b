/** The one constant challenge of this server's 401 answers. */
export class Challenge {
  constructor(readonly value: string) {}
}
