// The targets of a row: its label, smoothed or not, or soft targets. And the offsets of its logits.
//
// Rows with either, WIDE ones, have WORDS words in the labels.
import package::lib::rows::labels;

const KEPT = 1.0; // 1 − ε, where label smoothing makes (1 − ε)·t + ε / CLASSES of a target t
const SHARE = 0.0; // ε / CLASSES
const WORDS = 1u; // words of a row: its label, its soft targets and its offsets
const OFFSETS_FROM = 1u; // the words before its offsets

fn labelOf(row: u32) -> u32 {
  @if(WIDE) return labels[row * WORDS];
  @else return labels[row];
}

// Returns the target of a row for class k, which may be its label.
fn targetOf(row: u32, k: u32, isLabel: bool) -> f32 {
  @if(SOFT) return KEPT * bitcast<f32>(labels[row * WORDS + 1u + k]) + SHARE; // @point soft-target
  @else return select(SHARE, KEPT + SHARE, isLabel); // @point label-target
}

// Returns what is added to the logit of a row for class k.
@if(OFFSETS) fn offsetOf(row: u32, k: u32) -> f32 {
  return bitcast<f32>(labels[row * WORDS + OFFSETS_FROM + k]); // @point offset
}
