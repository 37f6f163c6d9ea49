/** The kernels' binaries in base64, compiled from AssemblyScript by scripts/assembly-plugin.ts. */
declare module "*.wasm?built" {
  const kernels: { readonly plain: string; readonly relaxed: string };
  export default kernels;
}
