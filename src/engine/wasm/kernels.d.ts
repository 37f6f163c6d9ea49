/** AssemblyScript compiled by scripts/assembly-plugin.ts: binaries in base64. */
declare module "*.wasm?built" {
  const kernels: { readonly plain: string; readonly relaxed: string };
  export default kernels;
}
