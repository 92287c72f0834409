// A vector of 16 lanes in plain C, which the compiler cuts into what the processor has. What each operation does
// is defined here, or for those that only functions need, in activations_generic.c; the other vector_*.h must do
// the same to the bit, for every operand that is not a NaN.
#include "internal.h"

#pragma STDC FP_CONTRACT OFF

typedef float floats __attribute__((ext_vector_type(LMQ_LANES), aligned(16)));
typedef uint32_t integers __attribute__((ext_vector_type(LMQ_LANES), aligned(16)));
typedef int32_t signed_integers __attribute__((ext_vector_type(LMQ_LANES), aligned(16)));
/// Structures, since a bare vector is passed differently from processor to processor.
typedef struct { floats lanes; } vec;
typedef struct { integers lanes; } ivec;

#define LANES(i) LMQ_ROLLED for (size_t i = 0; i < LMQ_LANES; i++)

LMQ_INLINE vec v_set(float a) { return (vec){(floats)a}; }
LMQ_INLINE vec v_load(const float *p) { vec y; memcpy(&y, p, sizeof y); return y; }
LMQ_INLINE void v_store(float *p, vec a) { memcpy(p, &a, sizeof a); }
/// The first n < 16 elements; the other lanes hold `fill`.
LMQ_INLINE vec v_load_n(const float *p, size_t n, float fill) {
  vec y = v_set(fill);
  memcpy(&y, p, n * sizeof *p);
  return y;
}
LMQ_INLINE void v_store_n(float *p, size_t n, vec a) { memcpy(p, &a, n * sizeof *p); }

LMQ_INLINE vec v_add(vec a, vec b) { return (vec){a.lanes + b.lanes}; }
LMQ_INLINE vec v_sub(vec a, vec b) { return (vec){a.lanes - b.lanes}; }
LMQ_INLINE vec v_mul(vec a, vec b) { return (vec){a.lanes * b.lanes}; }
LMQ_INLINE vec v_div(vec a, vec b) { return (vec){a.lanes / b.lanes}; }
/// a * b + c with one rounding. Not inlined: without the instruction these are 16 calls.
static __attribute__((noinline)) vec v_fma(vec a, vec b, vec c) {
  float x[LMQ_LANES], y[LMQ_LANES], z[LMQ_LANES];
  v_store(x, a), v_store(y, b), v_store(z, c);
  LANES(i) z[i] = fmaf(x[i], y[i], z[i]);
  return v_load(z);
}
/// These answer the second operand where the two are equal or one is a NaN.
LMQ_INLINE vec v_max(vec a, vec b) { return (vec){a.lanes > b.lanes ? a.lanes : b.lanes}; }
LMQ_INLINE vec v_min(vec a, vec b) { return (vec){a.lanes < b.lanes ? a.lanes : b.lanes}; }
/// a is a NaN ? yes : no
LMQ_INLINE vec v_where_nan(vec a, vec yes, vec no) {
  return (vec){a.lanes != a.lanes ? yes.lanes : no.lanes};
}
/// Lanes whose byte is 0 get `fill`.
LMQ_INLINE vec v_masked(vec a, const uint8_t *mask, float fill) {
  float lanes[LMQ_LANES];
  v_store(lanes, a);
  LANES(i) lanes[i] = mask[i] ? lanes[i] : fill;
  return v_load(lanes);
}

LMQ_INLINE ivec v_bits(vec a) { return (ivec){(integers)a.lanes}; }
LMQ_INLINE vec v_from_bits(ivec a) { return (vec){(floats)a.lanes}; }
LMQ_INLINE ivec i_set(uint32_t a) { return (ivec){(integers)a}; }
LMQ_INLINE ivec i_and(ivec a, ivec b) { return (ivec){a.lanes & b.lanes}; }
LMQ_INLINE ivec i_or(ivec a, ivec b) { return (ivec){a.lanes | b.lanes}; }
LMQ_INLINE ivec i_add(ivec a, ivec b) { return (ivec){a.lanes + b.lanes}; }
LMQ_INLINE ivec i_sub(ivec a, ivec b) { return (ivec){a.lanes - b.lanes}; }
LMQ_INLINE ivec i_load(const void *p) { ivec y; memcpy(&y, p, sizeof y); return y; }
/// Signed integers, to nearest even.
LMQ_INLINE vec v_from_integers(ivec a) {
  return (vec){__builtin_convertvector((signed_integers)a.lanes, floats)};
}
/// The low 32 bits of the products.
LMQ_INLINE ivec i_multiply(ivec a, ivec b) { return (ivec){a.lanes * b.lanes}; }
/// Rounds 16 numbers to nearest even, and what is below 0 or above 255 to these. Magnitudes are below 2^15.
LMQ_INLINE void v_codes(uint8_t *p, vec a) {
  float lanes[LMQ_LANES];
  v_store(lanes, (vec){(a.lanes + 0x1.8p+23f) - 0x1.8p+23f});
  LANES(i) p[i] = (uint8_t)(lanes[i] < 0 ? 0 : lanes[i] > 255 ? 255 : lanes[i]);
}
/// Shift the bits: zeros come in.
LMQ_INLINE ivec i_left(ivec a, int n) { return (ivec){a.lanes << (uint32_t)n}; }
LMQ_INLINE ivec i_right(ivec a, int n) { return (ivec){a.lanes >> (uint32_t)n}; }

/// The tree of every row sum and maximum: lanes 8, 4, 2, 1 apart.
LMQ_INLINE float v_sum(vec a) {
  float lanes[LMQ_LANES];
  v_store(lanes, a);
  for (size_t apart = LMQ_LANES / 2; apart > 0; apart /= 2)
    for (size_t i = 0; i < apart; i++) lanes[i] = lanes[i] + lanes[i + apart];
  return lanes[0];
}
LMQ_INLINE float v_largest(vec a) {
  float lanes[LMQ_LANES];
  v_store(lanes, a);
  for (size_t apart = LMQ_LANES / 2; apart > 0; apart /= 2)
    for (size_t i = 0; i < apart; i++) lanes[i] = lanes[i] > lanes[i + apart] ? lanes[i] : lanes[i + apart];
  return lanes[0];
}

LMQ_INLINE vec v_widen_bf16(const uint16_t *p) {
  uint32_t lanes[LMQ_LANES];
  LANES(i) lanes[i] = (uint32_t)p[i] << 16;
  return v_from_bits(i_load(lanes));
}

static __attribute__((noinline, unused)) float widen_half(uint16_t half) {
  uint32_t sign = (uint32_t)(half & 0x8000) << 16, exponent = half >> 10 & 31, fraction = half & 1023, bits;
  if (exponent == 0) {  // zero or a denormal: fraction * 2^-24, exact
    float magnitude = (float)fraction * 0x1p-24f;
    memcpy(&bits, &magnitude, sizeof bits);
  } else if (exponent == 31) {  // a NaN comes out quiet, as processors have it
    bits = 0x7F800000 | fraction << 13 | (fraction ? 0x400000 : 0);
  } else {
    bits = (exponent + 112) << 23 | fraction << 13;
  }
  bits |= sign;
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}
LMQ_INLINE vec v_widen_f16(const uint16_t *p) {
  float lanes[LMQ_LANES];
  LANES(i) lanes[i] = widen_half(p[i]);
  return v_load(lanes);
}

float lmq_generic_exp(float x);
float lmq_generic_activate(float x, lmq_activation activation);

LMQ_INLINE vec v_exp(vec a) {
  float lanes[LMQ_LANES];
  v_store(lanes, a);
  LANES(i) lanes[i] = lmq_generic_exp(lanes[i]);
  return v_load(lanes);
}
LMQ_INLINE vec v_activate(vec a, lmq_activation activation) {
  float lanes[LMQ_LANES];
  v_store(lanes, a);
  LANES(i) lanes[i] = lmq_generic_activate(lanes[i], activation);
  return v_load(lanes);
}
