/** The compilers of check:gpu: how each is run for a card that is not in the machine, and what it tells. */

/** A compiler's figures of a kernel, by the names of the table's columns, in their order. */
export type Figures = Readonly<Record<string, number>>;

export interface Compiler {
  /** The driver's library, where Debian has it. */
  readonly driver: string;
  /** Most and least of some figures: of every kernel, or of those of the table only. */
  readonly limits: readonly Limit[];
  /** Returns the environment in which the driver finds the card, and writes what it makes. */
  environment(card: string, shim: string): Readonly<Record<string, string>>;
  /** Reads what the driver wrote of a kernel. */
  read(text: string): Figures;
}

interface Limit {
  readonly figure: string;
  readonly least?: number;
  readonly most?: number;
  readonly isOfAll: boolean;
}

/** Returns instructions, and instructions per multiply-add in the code. */
function instructions(count: number, multiplyAdds: number): Figures {
  return { instructions: count, "per multiply-add": count / multiplyAdds };
}

function countOf(pattern: RegExp, text: string): number {
  return text.match(pattern)?.length ?? 0;
}

/**
 * ACO in RADV, Mesa's driver for AMD. As many waves fit a SIMD at once as have registers: 8 waves if each
 * takes 128 on RDNA2, or 192 on RDNA3.
 */
const RADV: Compiler = {
  driver: "/usr/lib/x86_64-linux-gnu/libvulkan_radeon.so",
  limits: [
    { figure: "spills", most: 0, isOfAll: true },
    { figure: "waves", least: 8, isOfAll: false },
  ],
  environment: (card) => ({ RADV_FORCE_FAMILY: card, RADV_DEBUG: "shaders,shaderstats,nocache" }),
  read(text) {
    const numberOf = (name: string): number => {
      const [, digits] = text.match(new RegExp(`^${name}: (\\d+)$`, "m")) ?? [];
      if (digits === undefined) throw new Error(`The driver did not print "${name}": is it RADV?`);
      return Number(digits);
    };
    const [, machineCode = ""] = text.split("\ndisasm:\n");
    return {
      VGPRs: numberOf("VGPRs"),
      spills: numberOf("Spilled VGPRs"),
      waves: numberOf("Subgroups per SIMD"),
      ...instructions(numberOf("Instructions"), countOf(/\tv_(?:dual_)?fma/g, machineCode)),
      "inverse throughput": numberOf("Inverse Throughput"),
    };
  },
};

/** ANV, Mesa's driver for Intel. It also takes Mesa's shim, which stands for the kernel's driver. */
const ANV: Compiler = {
  driver: "/usr/lib/x86_64-linux-gnu/libvulkan_intel.so",
  limits: [{ figure: "spills", most: 0, isOfAll: false }],
  environment: (card, shim) => ({
    LD_PRELOAD: shim,
    INTEL_STUB_GPU_PLATFORM: card,
    INTEL_DEBUG: "cs",
    MESA_SHADER_CACHE_DISABLE: "1",
  }),
  read(text) {
    const [, lanes, count, cycles, spills, fills] =
      text.match(
        /^SIMD(\d+) shader: (\d+) instructions\. \d+ loops\. (\d+) cycles\. (\d+):(\d+) spills:fills/m,
      ) ?? [];
    if (lanes === undefined) throw new Error("The driver did not print its figures: is it ANV?");
    return {
      lanes: Number(lanes),
      spills: Number(spills),
      fills: Number(fills),
      ...instructions(Number(count), countOf(/^mad\(/gm, text)),
      cycles: Number(cycles),
      "cycles a lane": Number(cycles) / Number(lanes),
    };
  },
};

/** Returns the compiler for a card, by the name that Mesa has for that. */
export function compilerFor(card: string): Compiler {
  return /^(?:navi|gfx|vega|polaris)/.test(card) ? RADV : ANV;
}
