// The 16 lanes in two registers of AVX2, FMA and F16C. vector_generic.h says what each operation does.
#include <immintrin.h>

#include "internal.h"

typedef struct { __m256 a, b; } vec;
typedef struct { __m256i a, b; } ivec;

/// Lanes below n, as masks.
LMQ_INLINE ivec v_first(size_t n) {
  const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7), bound = _mm256_set1_epi32((int)n);
  const __m256i above = _mm256_add_epi32(lane, _mm256_set1_epi32(8));
  return (ivec){_mm256_cmpgt_epi32(bound, lane), _mm256_cmpgt_epi32(bound, above)};
}

LMQ_INLINE vec v_set(float a) { return (vec){_mm256_set1_ps(a), _mm256_set1_ps(a)}; }
LMQ_INLINE vec v_load(const float *p) { return (vec){_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
LMQ_INLINE void v_store(float *p, vec x) {
  _mm256_storeu_ps(p, x.a);
  _mm256_storeu_ps(p + 8, x.b);
}
LMQ_INLINE vec v_load_n(const float *p, size_t n, float fill) {
  ivec first = v_first(n);
  __m256 a = _mm256_maskload_ps(p, first.a), b = _mm256_maskload_ps(p + 8, first.b);
  __m256 other = _mm256_set1_ps(fill);
  return (vec){
      _mm256_blendv_ps(other, a, _mm256_castsi256_ps(first.a)),
      _mm256_blendv_ps(other, b, _mm256_castsi256_ps(first.b))};
}
LMQ_INLINE void v_store_n(float *p, size_t n, vec x) {
  ivec first = v_first(n);
  _mm256_maskstore_ps(p, first.a, x.a);
  _mm256_maskstore_ps(p + 8, first.b, x.b);
}

#define PAIRS(operation, x, y) {operation((x).a, (y).a), operation((x).b, (y).b)}

LMQ_INLINE vec v_add(vec x, vec y) { return (vec)PAIRS(_mm256_add_ps, x, y); }
LMQ_INLINE vec v_sub(vec x, vec y) { return (vec)PAIRS(_mm256_sub_ps, x, y); }
LMQ_INLINE vec v_mul(vec x, vec y) { return (vec)PAIRS(_mm256_mul_ps, x, y); }
LMQ_INLINE vec v_div(vec x, vec y) { return (vec)PAIRS(_mm256_div_ps, x, y); }
LMQ_INLINE vec v_fma(vec x, vec y, vec z) {
  return (vec){_mm256_fmadd_ps(x.a, y.a, z.a), _mm256_fmadd_ps(x.b, y.b, z.b)};
}
LMQ_INLINE vec v_max(vec x, vec y) { return (vec)PAIRS(_mm256_max_ps, x, y); }
LMQ_INLINE vec v_min(vec x, vec y) { return (vec)PAIRS(_mm256_min_ps, x, y); }
LMQ_INLINE vec v_where_less(vec x, vec y, vec yes, vec no) {
  return (vec){
      _mm256_blendv_ps(no.a, yes.a, _mm256_cmp_ps(x.a, y.a, _CMP_LT_OQ)),
      _mm256_blendv_ps(no.b, yes.b, _mm256_cmp_ps(x.b, y.b, _CMP_LT_OQ))};
}
LMQ_INLINE vec v_where_nan(vec x, vec yes, vec no) {
  return (vec){
      _mm256_blendv_ps(no.a, yes.a, _mm256_cmp_ps(x.a, x.a, _CMP_UNORD_Q)),
      _mm256_blendv_ps(no.b, yes.b, _mm256_cmp_ps(x.b, x.b, _CMP_UNORD_Q))};
}
LMQ_INLINE __m256 masked_half(__m256 x, const uint8_t *mask, float fill) {
  __m256i bytes = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)mask));
  __m256i absent = _mm256_cmpeq_epi32(bytes, _mm256_setzero_si256());
  return _mm256_blendv_ps(x, _mm256_set1_ps(fill), _mm256_castsi256_ps(absent));
}
LMQ_INLINE vec v_masked(vec x, const uint8_t *mask, float fill) {
  return (vec){masked_half(x.a, mask, fill), masked_half(x.b, mask + 8, fill)};
}

LMQ_INLINE ivec v_bits(vec x) { return (ivec){_mm256_castps_si256(x.a), _mm256_castps_si256(x.b)}; }
LMQ_INLINE vec v_from_bits(ivec x) { return (vec){_mm256_castsi256_ps(x.a), _mm256_castsi256_ps(x.b)}; }
LMQ_INLINE ivec i_set(uint32_t a) { return (ivec){_mm256_set1_epi32((int)a), _mm256_set1_epi32((int)a)}; }
LMQ_INLINE ivec i_and(ivec x, ivec y) { return (ivec)PAIRS(_mm256_and_si256, x, y); }
LMQ_INLINE ivec i_or(ivec x, ivec y) { return (ivec)PAIRS(_mm256_or_si256, x, y); }
LMQ_INLINE ivec i_add(ivec x, ivec y) { return (ivec)PAIRS(_mm256_add_epi32, x, y); }
LMQ_INLINE ivec i_sub(ivec x, ivec y) { return (ivec)PAIRS(_mm256_sub_epi32, x, y); }
LMQ_INLINE ivec i_multiply(ivec x, ivec y) { return (ivec)PAIRS(_mm256_mullo_epi32, x, y); }
LMQ_INLINE ivec i_load(const void *p) {
  return (ivec){_mm256_loadu_si256(p), _mm256_loadu_si256((const __m256i *)p + 1)};
}
LMQ_INLINE vec v_from_integers(ivec x) { return (vec){_mm256_cvtepi32_ps(x.a), _mm256_cvtepi32_ps(x.b)}; }
LMQ_INLINE void v_codes(uint8_t *p, vec x) {
  __m256i words = _mm256_packs_epi32(_mm256_cvtps_epi32(x.a), _mm256_cvtps_epi32(x.b));
  words = _mm256_permute4x64_epi64(words, 0xD8);  // packs works in halves
  _mm_storeu_si128(
      (__m128i *)p, _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1)));
}
LMQ_INLINE ivec i_left(ivec x, int n) { return (ivec){_mm256_slli_epi32(x.a, n), _mm256_slli_epi32(x.b, n)}; }
LMQ_INLINE ivec i_right(ivec x, int n) {
  return (ivec){_mm256_srli_epi32(x.a, n), _mm256_srli_epi32(x.b, n)};
}

/// Twice by a power of two, since 2^-150 and 2^128 are no floats; only the second product can round.
LMQ_INLINE __m256 scale_half(__m256 x, __m256 n) {
  const __m256i bias = _mm256_set1_epi32(127);
  __m256i whole = _mm256_cvtps_epi32(n), first = _mm256_srai_epi32(whole, 1);
  __m256i second = _mm256_sub_epi32(whole, first);
  first = _mm256_slli_epi32(_mm256_add_epi32(first, bias), 23);
  second = _mm256_slli_epi32(_mm256_add_epi32(second, bias), 23);
  return _mm256_mul_ps(_mm256_mul_ps(x, _mm256_castsi256_ps(first)), _mm256_castsi256_ps(second));
}
LMQ_INLINE vec v_scale(vec x, vec n) { return (vec)PAIRS(scale_half, x, n); }

LMQ_INLINE float v_sum(vec x) {
  __m256 a = _mm256_add_ps(x.a, x.b);
  __m128 b = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
  b = _mm_add_ps(b, _mm_movehl_ps(b, b));
  return _mm_cvtss_f32(_mm_add_ss(b, _mm_movehdup_ps(b)));
}
LMQ_INLINE float v_largest(vec x) {
  __m256 a = _mm256_max_ps(x.a, x.b);
  __m128 b = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
  b = _mm_max_ps(b, _mm_movehl_ps(b, b));
  return _mm_cvtss_f32(_mm_max_ss(b, _mm_movehdup_ps(b)));
}

LMQ_INLINE __m256 widen_bf16_half(const void *p) {
  __m256i wide = _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)p));
  return _mm256_castsi256_ps(_mm256_slli_epi32(wide, 16));
}
LMQ_INLINE __m256 widen_f16_half(const void *p) {
  return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p));
}
LMQ_INLINE vec v_widen_bf16(const uint16_t *p) { return (vec){widen_bf16_half(p), widen_bf16_half(p + 8)}; }
LMQ_INLINE vec v_widen_f16(const uint16_t *p) { return (vec){widen_f16_half(p), widen_f16_half(p + 8)}; }
