// Tiles of classes, into which the logits of a row are cut where classes are many.

const TILES = 1u; // tiles per row
const TILE4 = 1u; // vectors of four classes per tile
const TILE = 4u; // classes per tile: 4·TILE4

// A tile's largest logit m and Σ exp(z − m); where targets are not labels also Σ t·(z − m) and Σ t.
@if(MIXED) alias TileSums = vec4f;
@else alias TileSums = vec2f;
