/** The text of a shader with what it imports, linked by scripts/shader-plugin.ts, without indentation. */
declare module "*.wgsl?linked" {
  const text: string;
  export default text;
}
