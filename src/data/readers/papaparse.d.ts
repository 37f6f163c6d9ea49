/** The part of papaparse that the reader of CSV uses. Its own types need those of Node. */
declare module "papaparse" {
  class Parser {
    constructor(config: { readonly delimiter: string; readonly newline: string });
    /** Parses a text, without its last row where `ignoreLastRow` says that more may follow. */
    parse(
      text: string,
      baseIndex: number,
      ignoreLastRow: boolean,
    ): {
      readonly data: string[][];
      readonly errors: readonly { readonly code: string; readonly row?: number }[];
      /** `cursor` is the length of what was parsed. */
      readonly meta: { readonly cursor: number };
    };
  }
  interface Config {
    readonly dynamicTyping?: boolean;
    readonly step?: (row: unknown) => void;
  }
  const papaparse: { readonly Parser: typeof Parser; parse(text: string, config: Config): unknown };
  export default papaparse;
}
