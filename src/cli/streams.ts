/** Where a command writes: results to `out`, progress and errors to `status`. */
export interface Streams {
  readonly out: (text: string) => void;
  readonly status: (text: string) => void;
  /** True where `status` is a terminal, on which a line may be overwritten. */
  readonly live: boolean;
  /** Columns of the terminal. Default 80. */
  readonly columns?: () => number;
}
