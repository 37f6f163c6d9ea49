/** Where a command writes: what was asked for to `out`, how it is getting on to `status`. */
export interface Streams {
  readonly out: (text: string) => void;
  readonly status: (text: string) => void;
  /** `status` is a terminal: a line may be written over. */
  readonly live: boolean;
}
