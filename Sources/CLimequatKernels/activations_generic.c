// exp and the activations of the generic table, one element at a time: fused additions are calls there, which
// nothing makes faster, and this way it is small. Each function does what its namesake in vector_generic.h or
// the other vector_*.h does to a lane.

#define LMQ_COMPACT

#include "internal.h"

#pragma STDC FP_CONTRACT OFF

typedef float vec;
typedef uint32_t ivec;

LMQ_INLINE vec v_set(float a) { return a; }
LMQ_INLINE vec v_add(vec a, vec b) { return a + b; }
LMQ_INLINE vec v_sub(vec a, vec b) { return a - b; }
LMQ_INLINE vec v_mul(vec a, vec b) { return a * b; }
LMQ_INLINE vec v_div(vec a, vec b) { return a / b; }
LMQ_INLINE vec v_fma(vec a, vec b, vec c) { return fmaf(a, b, c); }
LMQ_INLINE vec v_max(vec a, vec b) { return a > b ? a : b; }
LMQ_INLINE vec v_min(vec a, vec b) { return a < b ? a : b; }
/// a < b ? yes : no
LMQ_INLINE vec v_where_less(vec a, vec b, vec yes, vec no) { return a < b ? yes : no; }

LMQ_INLINE ivec v_bits(vec a) { ivec y; memcpy(&y, &a, sizeof y); return y; }
LMQ_INLINE vec v_from_bits(ivec a) { vec y; memcpy(&y, &a, sizeof y); return y; }
LMQ_INLINE ivec i_set(uint32_t a) { return a; }
LMQ_INLINE ivec i_and(ivec a, ivec b) { return a & b; }
LMQ_INLINE ivec i_or(ivec a, ivec b) { return a | b; }

/// a * 2^n, rounded once, for integral n in [-150, 128] and |a| in [0.5, 2).
LMQ_INLINE vec v_scale(vec a, vec n) {
  // In two steps, since 2^-150 and 2^128 are no floats; only the second can round.
  int32_t exponent = n >= -150 && n <= 128 ? (int32_t)n : 0, half = exponent / 2;
  return a * v_from_bits((uint32_t)(half + 127) << 23) * v_from_bits((uint32_t)(exponent - half + 127) << 23);
}

#include "activations.inc.h"

float lmq_generic_exp(float x) { return v_exp(x); }
float lmq_generic_activate(float x, lmq_activation activation) { return v_activate(x, activation); }
