/** A hash of 64 bits that tells data apart. It does not withstand forgery. */

/** Hashes bytes as they come: how they are cut into parts does not matter. */
export class DataHash {
  #a = 0x9e3779b9;
  #b = 0x85ebca6b;
  #length = 0;
  /** Bytes that do not fill a word of four yet. */
  readonly #rest = new Uint8Array(4);

  /** Adds the bytes of a typed array. */
  add(values: ArrayBufferView): this {
    let bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    const begun = this.#length & 3;
    if (begun > 0) {
      const missing = Math.min(4 - begun, bytes.length);
      this.#rest.set(bytes.subarray(0, missing), begun);
      this.#length += missing;
      bytes = bytes.subarray(missing);
      if ((this.#length & 3) === 0) this.#addWords(new Uint32Array(this.#rest.buffer));
    }
    const whole = bytes.length & ~3;
    const aligned = (bytes.byteOffset & 3) === 0 ? bytes : bytes.slice();
    this.#addWords(new Uint32Array(aligned.buffer, aligned.byteOffset, whole / 4));
    this.#rest.set(bytes.subarray(whole));
    this.#length += bytes.length;
    return this;
  }

  /** Adds the characters of a string. */
  addText(text: string): this {
    return this.add(new TextEncoder().encode(text));
  }

  /** Returns 16 hexadecimal digits. More may be added afterwards. */
  digest(): string {
    const rest = this.#length & 3;
    const last = this.#rest.slice();
    last.fill(0, rest);
    const [word] = new Uint32Array(last.buffer);
    const a = finish(Math.imul(this.#a ^ word, 0xcc9e2d51) ^ this.#length);
    const b = finish(Math.imul(this.#b ^ word, 0x1b873593) ^ a);
    return [a, b].map((half) => half.toString(16).padStart(8, "0")).join("");
  }

  /** Mixes words into two halves by the rounds of MurmurHash3 (Appleby 2011), with constants of their own. */
  #addWords(words: Uint32Array): void {
    let [a, b] = [this.#a, this.#b];
    for (let i = 0; i < words.length; i++) {
      const word = words[i];
      let one = Math.imul(word, 0xcc9e2d51);
      one = (one << 15) | (one >>> 17);
      a ^= Math.imul(one, 0x1b873593);
      a = (a << 13) | (a >>> 19);
      a = (Math.imul(a, 5) + 0xe6546b64) | 0;
      let other = Math.imul(word, 0x239b961b);
      other = (other << 17) | (other >>> 15);
      b ^= Math.imul(other, 0xab0e9789);
      b = ((b << 19) | (b >>> 13)) + a;
      b = (Math.imul(b, 5) + 0x561ccd1b) | 0;
    }
    [this.#a, this.#b] = [a, b];
  }
}

/** Mixes the bits of a half at the end, as MurmurHash3 does. Returns an unsigned number. */
function finish(half: number): number {
  let h = half ^ (half >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
