import { assert, defined } from "../base/index.ts";

/** Attributes and messages begin at multiples of this (NLA_ALIGNTO, NLMSG_ALIGNTO). */
export const ALIGNMENT = 4;
/** struct nlattr: length u16, type u16. */
export const ATTRIBUTE_HEADER = 4;

/** `length` rounded up to the alignment of netlink. */
export function align(length: number): number {
  return (length + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
}

/** Tells the name of an attribute by its number; every attribute table can. */
export interface Names {
  nameOf(id: number): string | undefined;
}

/** Where an attribute was written: what turns the kernel's byte offsets back into names. */
export interface Mark {
  /** Offset of the attribute's header, counted from the start of the payload. */
  readonly offset: number;
  /** "linkInfo.data.mode" */
  readonly path: string;
  /** What stands inside, when it is a nest. */
  readonly names?: Names;
}

/** Finished bytes, and what stands where in them. */
export interface Encoded {
  readonly bytes: Uint8Array;
  readonly marks: readonly Mark[];
  /** The outermost table. */
  readonly names?: Names;
}

/**
 * Grows a payload and remembers where each attribute begins. Numbers are little-endian (x86-64,
 * arm64).
 */
export class Writer {
  #bytes = new Uint8Array(256);
  #length = 0;
  readonly #marks: Mark[] = [];
  readonly #path: string[] = [];
  #names: Names | undefined;

  /** An unsigned or two's-complement number of `width` bytes. */
  number(value: number, width: number): void {
    let rest = value < 0 ? value + 2 ** (8 * width) : value;
    const fits = Number.isSafeInteger(rest) && rest >= 0 && rest < 2 ** (8 * width);
    assert(fits, `${value} does not fit into ${width} bytes`);
    const at = this.#extend(width);
    for (let i = 0; i < width; i++) {
      this.#bytes[at + i] = rest % 256;
      rest = Math.floor(rest / 256);
    }
  }

  /** Raw bytes, without padding. */
  raw(bytes: Uint8Array): void {
    const at = this.#extend(bytes.length);
    this.#bytes.set(bytes, at);
  }

  /**
   * One attribute: its header, what `body` writes, and the padding. `type` carries the flag
   * bits.
   */
  attribute(type: number, name: string, body: () => void): void {
    const offset = this.#length;
    this.#path.push(name);
    this.#marks.push({ offset, path: this.#path.join(".") });
    this.number(0, 2);
    this.number(type, 2);
    body();
    const length = this.#length - offset;
    assert(length < 2 ** 16, `attribute ${this.#path.join(".")} is too long`);
    this.#bytes[offset] = length % 256;
    this.#bytes[offset + 1] = length >> 8;
    this.#extend(align(length) - length);
    this.#path.pop();
  }

  /** Says that what follows, in the attribute just begun or in the message, `names` knows. */
  nestOf(names: Names): void {
    const last = this.#marks.length - 1;
    if (last < 0) this.#names = names;
    else this.#marks[last] = { ...defined(this.#marks[last], "the open attribute"), names };
  }

  finish(): Encoded {
    const written = { bytes: this.#bytes.slice(0, this.#length), marks: this.#marks };
    return this.#names === undefined ? written : { ...written, names: this.#names };
  }

  #extend(count: number): number {
    const at = this.#length;
    this.#length += count;
    if (this.#length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(this.#length, this.#bytes.length * 2));
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    return at;
  }
}
