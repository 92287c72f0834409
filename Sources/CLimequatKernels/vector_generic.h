// A vector of 16 lanes in plain C. What each operation does is defined here; the other vector_*.h must do
// the same to the bit, for every operand that is not a NaN.
#include "internal.h"

#pragma STDC FP_CONTRACT OFF

typedef struct { float lane[LMQ_LANES]; } vec;
typedef struct { int32_t lane[LMQ_LANES]; } ivec;

#define LANES(i) for (size_t i = 0; i < LMQ_LANES; i++)

LMQ_INLINE vec v_set(float a) { vec y; LANES(i) y.lane[i] = a; return y; }
LMQ_INLINE vec v_load(const float *p) { vec y; memcpy(&y, p, sizeof y); return y; }
LMQ_INLINE void v_store(float *p, vec a) { memcpy(p, &a, sizeof a); }
/// The first n < 16 elements; the other lanes hold `fill`.
LMQ_INLINE vec v_load_n(const float *p, size_t n, float fill) {
  vec y = v_set(fill);
  memcpy(&y, p, n * sizeof *p);
  return y;
}
LMQ_INLINE void v_store_n(float *p, size_t n, vec a) { memcpy(p, &a, n * sizeof *p); }

LMQ_INLINE vec v_add(vec a, vec b) { LANES(i) a.lane[i] = a.lane[i] + b.lane[i]; return a; }
LMQ_INLINE vec v_sub(vec a, vec b) { LANES(i) a.lane[i] = a.lane[i] - b.lane[i]; return a; }
LMQ_INLINE vec v_mul(vec a, vec b) { LANES(i) a.lane[i] = a.lane[i] * b.lane[i]; return a; }
LMQ_INLINE vec v_div(vec a, vec b) { LANES(i) a.lane[i] = a.lane[i] / b.lane[i]; return a; }
/// a * b + c with one rounding. Not inlined: without the instruction these are 16 calls.
static __attribute__((noinline)) vec v_fma(vec a, vec b, vec c) {
  LANES(i) a.lane[i] = fmaf(a.lane[i], b.lane[i], c.lane[i]);
  return a;
}
/// The second operand where the two are equal or one is a NaN.
LMQ_INLINE vec v_max(vec a, vec b) {
  LANES(i) a.lane[i] = a.lane[i] > b.lane[i] ? a.lane[i] : b.lane[i];
  return a;
}
LMQ_INLINE vec v_min(vec a, vec b) {
  LANES(i) a.lane[i] = a.lane[i] < b.lane[i] ? a.lane[i] : b.lane[i];
  return a;
}
/// a < b ? yes : no
LMQ_INLINE vec v_where_less(vec a, vec b, vec yes, vec no) {
  LANES(i) yes.lane[i] = a.lane[i] < b.lane[i] ? yes.lane[i] : no.lane[i];
  return yes;
}
/// a is a NaN ? yes : no
LMQ_INLINE vec v_where_nan(vec a, vec yes, vec no) {
  LANES(i) yes.lane[i] = a.lane[i] != a.lane[i] ? yes.lane[i] : no.lane[i];
  return yes;
}
/// Lanes whose byte is 0 get `fill`.
LMQ_INLINE vec v_masked(vec a, const uint8_t *mask, float fill) {
  LANES(i) if (!mask[i]) a.lane[i] = fill;
  return a;
}

LMQ_INLINE ivec v_bits(vec a) { ivec y; memcpy(&y, &a, sizeof y); return y; }
LMQ_INLINE vec v_from_bits(ivec a) { vec y; memcpy(&y, &a, sizeof y); return y; }
LMQ_INLINE ivec i_set(uint32_t a) { ivec y; LANES(i) y.lane[i] = (int32_t)a; return y; }
LMQ_INLINE ivec i_and(ivec a, ivec b) { LANES(i) a.lane[i] &= b.lane[i]; return a; }
LMQ_INLINE ivec i_or(ivec a, ivec b) { LANES(i) a.lane[i] |= b.lane[i]; return a; }
LMQ_INLINE ivec i_add(ivec a, ivec b) {
  LANES(i) a.lane[i] = (int32_t)((uint32_t)a.lane[i] + (uint32_t)b.lane[i]);
  return a;
}
LMQ_INLINE ivec i_sub(ivec a, ivec b) {
  LANES(i) a.lane[i] = (int32_t)((uint32_t)a.lane[i] - (uint32_t)b.lane[i]);
  return a;
}
LMQ_INLINE ivec i_max(ivec a, ivec b) {
  LANES(i) a.lane[i] = a.lane[i] > b.lane[i] ? a.lane[i] : b.lane[i];
  return a;
}
LMQ_INLINE ivec i_load(const void *p) { ivec y; memcpy(&y, p, sizeof y); return y; }
/// To nearest even.
LMQ_INLINE vec v_from_integers(ivec a) { vec y; LANES(i) y.lane[i] = (float)a.lane[i]; return y; }
/// Rounds 16 numbers within [-127.5, 127.5] to nearest even.
LMQ_INLINE void v_codes(int8_t *p, vec a) {
  LANES(i) p[i] = (int8_t)((a.lane[i] + 0x1.8p+23f) - 0x1.8p+23f);
}
/// Shifts of the bits: zeros come in.
LMQ_INLINE ivec i_left(ivec a, int n) { LANES(i) a.lane[i] = (int32_t)((uint32_t)a.lane[i] << n); return a; }
LMQ_INLINE ivec i_right(ivec a, int n) { LANES(i) a.lane[i] = (int32_t)((uint32_t)a.lane[i] >> n); return a; }

/// a * 2^n, rounded once, for integral n in [-150, 128] and |a| in [0.5, 2).
LMQ_INLINE vec v_scale(vec a, vec n) {
  LANES(i) {
    // In two steps, since 2^-150 and 2^128 are no floats; only the second can round.
    int32_t exponent = n.lane[i] >= -150 && n.lane[i] <= 128 ? (int32_t)n.lane[i] : 0;
    int32_t half = exponent / 2;
    int32_t bits[2] = {(half + 127) << 23, (exponent - half + 127) << 23};
    float steps[2];
    memcpy(steps, bits, sizeof steps);
    a.lane[i] = a.lane[i] * steps[0] * steps[1];
  }
  return a;
}

/// The tree of every row sum and maximum: lanes 8, 4, 2, 1 apart.
LMQ_INLINE float v_sum(vec a) {
  for (size_t apart = LMQ_LANES / 2; apart > 0; apart /= 2)
    for (size_t i = 0; i < apart; i++) a.lane[i] = a.lane[i] + a.lane[i + apart];
  return a.lane[0];
}
LMQ_INLINE float v_largest(vec a) {
  for (size_t apart = LMQ_LANES / 2; apart > 0; apart /= 2)
    for (size_t i = 0; i < apart; i++)
      a.lane[i] = a.lane[i] > a.lane[i + apart] ? a.lane[i] : a.lane[i + apart];
  return a.lane[0];
}

LMQ_INLINE vec v_widen_bf16(const uint16_t *p) {
  ivec y;
  LANES(i) y.lane[i] = (int32_t)((uint32_t)p[i] << 16);
  return v_from_bits(y);
}

LMQ_INLINE float widen_half(uint16_t half) {
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
  vec y;
  LANES(i) y.lane[i] = widen_half(p[i]);
  return y;
}
