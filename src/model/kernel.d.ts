/** A kernel's binary in base64, compiled from AssemblyScript by scripts/assembly-plugin.ts. */
declare module "*.wasm?unshared" {
  const kernel: string;
  export default kernel;
}
