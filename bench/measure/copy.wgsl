// The bandwidth of the adapter's memory: a copy, of more than any of its caches holds.

override WORKGROUP = 256u;

// (vectors), as many as invocations
@group(0) @binding(0) var<storage, read> source: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> copied: array<vec4f>;

@compute @workgroup_size(WORKGROUP)
fn copy(@builtin(global_invocation_id) invocation: vec3u) {
  copied[invocation.x] = source[invocation.x];
}
