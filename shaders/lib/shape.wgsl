// The shape of the problem. X has a column of ones after its features, so the intercept is a feature like any
// other, and zeros up to a multiple of four.

const FEATURES4 = 1u; // vectors of four features per row, the column of ones included
// Vectors of features that the products multiply. Where the ones are alone in a vector, BIAS leaves it out,
// and the intercept is added by itself.
@if(BIAS) const MULTIPLIED4 = FEATURES4 - 1u;
@else const MULTIPLIED4 = FEATURES4;
const CLASSES = 2u; // classes, without padding
const CLASSES4 = 1u; // vectors of four classes per row: CLASSES / 4, rounded up
const COUNT = 1u; // vectors of four classes in W and in all of its shape: 4·FEATURES4·CLASSES4
const INTERCEPT = 0u; // the vector of W where the intercept's row begins; after the row there is only padding
const FIT_INTERCEPT = true; // otherwise the intercept is not trained
