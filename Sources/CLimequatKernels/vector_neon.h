// The 16 lanes in four registers of NEON. vector_generic.h says what each operation does.
#include <arm_neon.h>

#include "internal.h"

#pragma STDC FP_CONTRACT OFF

typedef struct { float32x4_t q[4]; } vec;
typedef struct { uint32x4_t q[4]; } ivec;

#define QUARTERS(i) LMQ_UNROLL for (size_t i = 0; i < 4; i++)

LMQ_INLINE vec v_set(float a) { vec y; QUARTERS(i) y.q[i] = vdupq_n_f32(a); return y; }
LMQ_INLINE vec v_load(const float *p) { vec y; QUARTERS(i) y.q[i] = vld1q_f32(p + 4 * i); return y; }
LMQ_INLINE void v_store(float *p, vec a) { QUARTERS(i) vst1q_f32(p + 4 * i, a.q[i]); }
LMQ_INLINE vec v_load_n(const float *p, size_t n, float fill) {
  float space[LMQ_LANES];
  v_store(space, v_set(fill));
  memcpy(space, p, n * sizeof *p);
  return v_load(space);
}
LMQ_INLINE void v_store_n(float *p, size_t n, vec a) {
  float space[LMQ_LANES];
  v_store(space, a);
  memcpy(p, space, n * sizeof *p);
}

LMQ_INLINE vec v_add(vec a, vec b) { QUARTERS(i) a.q[i] = vaddq_f32(a.q[i], b.q[i]); return a; }
LMQ_INLINE vec v_sub(vec a, vec b) { QUARTERS(i) a.q[i] = vsubq_f32(a.q[i], b.q[i]); return a; }
LMQ_INLINE vec v_mul(vec a, vec b) { QUARTERS(i) a.q[i] = vmulq_f32(a.q[i], b.q[i]); return a; }
LMQ_INLINE vec v_div(vec a, vec b) { QUARTERS(i) a.q[i] = vdivq_f32(a.q[i], b.q[i]); return a; }
LMQ_INLINE vec v_fma(vec a, vec b, vec c) {
  QUARTERS(i) a.q[i] = vfmaq_f32(c.q[i], a.q[i], b.q[i]);
  return a;
}
/// Not vmaxq_f32, which gives a NaN where one operand is one.
LMQ_INLINE float32x4_t largest_q(float32x4_t a, float32x4_t b) { return vbslq_f32(vcgtq_f32(a, b), a, b); }
LMQ_INLINE vec v_max(vec a, vec b) { QUARTERS(i) a.q[i] = largest_q(a.q[i], b.q[i]); return a; }
LMQ_INLINE vec v_min(vec a, vec b) {
  QUARTERS(i) a.q[i] = vbslq_f32(vcltq_f32(a.q[i], b.q[i]), a.q[i], b.q[i]);
  return a;
}
LMQ_INLINE vec v_where_less(vec a, vec b, vec yes, vec no) {
  QUARTERS(i) yes.q[i] = vbslq_f32(vcltq_f32(a.q[i], b.q[i]), yes.q[i], no.q[i]);
  return yes;
}
LMQ_INLINE vec v_where_nan(vec a, vec yes, vec no) {
  QUARTERS(i) yes.q[i] = vbslq_f32(vceqq_f32(a.q[i], a.q[i]), no.q[i], yes.q[i]);
  return yes;
}
LMQ_INLINE vec v_masked(vec a, const uint8_t *mask, float fill) {
  uint8x16_t bytes = vld1q_u8(mask);
  uint16x8_t low = vmovl_u8(vget_low_u8(bytes)), high = vmovl_u8(vget_high_u8(bytes));
  uint32x4_t wide[4] = {
      vmovl_u16(vget_low_u16(low)), vmovl_u16(vget_high_u16(low)), vmovl_u16(vget_low_u16(high)),
      vmovl_u16(vget_high_u16(high))};
  QUARTERS(i) a.q[i] = vbslq_f32(vceqzq_u32(wide[i]), vdupq_n_f32(fill), a.q[i]);
  return a;
}

LMQ_INLINE ivec v_bits(vec a) { ivec y; QUARTERS(i) y.q[i] = vreinterpretq_u32_f32(a.q[i]); return y; }
LMQ_INLINE vec v_from_bits(ivec a) { vec y; QUARTERS(i) y.q[i] = vreinterpretq_f32_u32(a.q[i]); return y; }
LMQ_INLINE ivec i_set(uint32_t a) { ivec y; QUARTERS(i) y.q[i] = vdupq_n_u32(a); return y; }
LMQ_INLINE ivec i_and(ivec a, ivec b) { QUARTERS(i) a.q[i] = vandq_u32(a.q[i], b.q[i]); return a; }
LMQ_INLINE ivec i_or(ivec a, ivec b) { QUARTERS(i) a.q[i] = vorrq_u32(a.q[i], b.q[i]); return a; }
LMQ_INLINE ivec i_add(ivec a, ivec b) { QUARTERS(i) a.q[i] = vaddq_u32(a.q[i], b.q[i]); return a; }
LMQ_INLINE ivec i_sub(ivec a, ivec b) { QUARTERS(i) a.q[i] = vsubq_u32(a.q[i], b.q[i]); return a; }
LMQ_INLINE ivec i_multiply(ivec a, ivec b) { QUARTERS(i) a.q[i] = vmulq_u32(a.q[i], b.q[i]); return a; }
LMQ_INLINE ivec i_load(const void *p) {
  ivec y;
  QUARTERS(i) y.q[i] = vld1q_u32((const uint32_t *)p + 4 * i);
  return y;
}
LMQ_INLINE vec v_from_integers(ivec a) {
  vec y;
  QUARTERS(i) y.q[i] = vcvtq_f32_s32(vreinterpretq_s32_u32(a.q[i]));
  return y;
}
LMQ_INLINE void v_codes(uint8_t *p, vec a) {
  int16x4_t words[4];
  QUARTERS(i) words[i] = vqmovn_s32(vcvtnq_s32_f32(a.q[i]));
  vst1_u8(p, vqmovun_s16(vcombine_s16(words[0], words[1])));
  vst1_u8(p + 8, vqmovun_s16(vcombine_s16(words[2], words[3])));
}
LMQ_INLINE ivec i_left(ivec a, int n) {
  QUARTERS(i) a.q[i] = vshlq_u32(a.q[i], vdupq_n_s32(n));
  return a;
}
LMQ_INLINE ivec i_right(ivec a, int n) {
  QUARTERS(i) a.q[i] = vshlq_u32(a.q[i], vdupq_n_s32(-n));
  return a;
}

/// Twice by a power of two, since 2^-150 and 2^128 are no floats; only the second product can round.
LMQ_INLINE vec v_scale(vec a, vec n) {
  QUARTERS(i) {
    int32x4_t whole = vcvtnq_s32_f32(n.q[i]), first = vshrq_n_s32(whole, 1), second = vsubq_s32(whole, first);
    first = vshlq_n_s32(vaddq_s32(first, vdupq_n_s32(127)), 23);
    second = vshlq_n_s32(vaddq_s32(second, vdupq_n_s32(127)), 23);
    a.q[i] = vmulq_f32(vmulq_f32(a.q[i], vreinterpretq_f32_s32(first)), vreinterpretq_f32_s32(second));
  }
  return a;
}

LMQ_INLINE float v_sum(vec a) {
  float32x4_t four = vaddq_f32(vaddq_f32(a.q[0], a.q[2]), vaddq_f32(a.q[1], a.q[3]));
  float32x2_t two = vadd_f32(vget_low_f32(four), vget_high_f32(four));
  return vget_lane_f32(two, 0) + vget_lane_f32(two, 1);
}
LMQ_INLINE float v_largest(vec a) {
  float32x4_t four = largest_q(largest_q(a.q[0], a.q[2]), largest_q(a.q[1], a.q[3]));
  float32x4_t two = largest_q(four, vextq_f32(four, four, 2));
  return vgetq_lane_f32(largest_q(two, vextq_f32(two, two, 1)), 0);
}

LMQ_INLINE float32x4_t widen_bf16_q(const void *p) {
  return vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(p), 16));
}
LMQ_INLINE float32x4_t widen_f16_q(const void *p) {
  return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p)));
}
LMQ_INLINE vec v_widen_bf16(const uint16_t *p) {
  vec y;
  QUARTERS(i) y.q[i] = widen_bf16_q(p + 4 * i);
  return y;
}
LMQ_INLINE vec v_widen_f16(const uint16_t *p) {
  vec y;
  QUARTERS(i) y.q[i] = widen_f16_q(p + 4 * i);
  return y;
}
