// The targets of a row: its label, smoothed or not, or soft targets.
import package::lib::rows::labels;
import package::lib::shape::CLASSES;

const KEPT = 1.0; // 1 − ε, where label smoothing makes (1 − ε)·t + ε / CLASSES of a target t
const SHARE = 0.0; // ε / CLASSES

fn labelOf(row: u32) -> u32 {
  @if(SOFT) return labels[row * (CLASSES + 1u)];
  @else return labels[row];
}

// Returns the target of a row for class k, which may be its label.
fn targetOf(row: u32, k: u32, isLabel: bool) -> f32 {
  @if(SOFT) return KEPT * bitcast<f32>(labels[row * (CLASSES + 1u) + 1u + k]) + SHARE; // @point soft-target
  @else return select(SHARE, KEPT + SHARE, isLabel); // @point label-target
}
