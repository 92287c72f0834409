// The 16 lanes in one register of AVX-512 (F, BW, DQ, VL). vector_generic.h says what each operation does.
#include <immintrin.h>

#include "internal.h"

typedef __m512 vec;
typedef __m512i ivec;

LMQ_INLINE __mmask16 v_first(size_t n) { return (__mmask16)((1u << n) - 1); }

LMQ_INLINE vec v_set(float a) { return _mm512_set1_ps(a); }
LMQ_INLINE vec v_load(const float *p) { return _mm512_loadu_ps(p); }
LMQ_INLINE void v_store(float *p, vec a) { _mm512_storeu_ps(p, a); }
LMQ_INLINE vec v_load_n(const float *p, size_t n, float fill) {
  return _mm512_mask_loadu_ps(v_set(fill), v_first(n), p);
}
LMQ_INLINE void v_store_n(float *p, size_t n, vec a) { _mm512_mask_storeu_ps(p, v_first(n), a); }

LMQ_INLINE vec v_add(vec a, vec b) { return _mm512_add_ps(a, b); }
LMQ_INLINE vec v_sub(vec a, vec b) { return _mm512_sub_ps(a, b); }
LMQ_INLINE vec v_mul(vec a, vec b) { return _mm512_mul_ps(a, b); }
LMQ_INLINE vec v_div(vec a, vec b) { return _mm512_div_ps(a, b); }
LMQ_INLINE vec v_fma(vec a, vec b, vec c) { return _mm512_fmadd_ps(a, b, c); }
LMQ_INLINE vec v_max(vec a, vec b) { return _mm512_max_ps(a, b); }
LMQ_INLINE vec v_min(vec a, vec b) { return _mm512_min_ps(a, b); }
LMQ_INLINE vec v_where_less(vec a, vec b, vec yes, vec no) {
  return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(a, b, _CMP_LT_OQ), no, yes);
}
LMQ_INLINE vec v_where_nan(vec a, vec yes, vec no) {
  return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q), no, yes);
}
LMQ_INLINE vec v_masked(vec a, const uint8_t *mask, float fill) {
  __m128i bytes = _mm_loadu_si128((const __m128i *)mask);
  return _mm512_mask_blend_ps(_mm_test_epi8_mask(bytes, bytes), v_set(fill), a);
}

LMQ_INLINE ivec v_bits(vec a) { return _mm512_castps_si512(a); }
LMQ_INLINE vec v_from_bits(ivec a) { return _mm512_castsi512_ps(a); }
LMQ_INLINE ivec i_set(uint32_t a) { return _mm512_set1_epi32((int)a); }
LMQ_INLINE ivec i_and(ivec a, ivec b) { return _mm512_and_si512(a, b); }
LMQ_INLINE ivec i_or(ivec a, ivec b) { return _mm512_or_si512(a, b); }
LMQ_INLINE ivec i_add(ivec a, ivec b) { return _mm512_add_epi32(a, b); }
LMQ_INLINE ivec i_sub(ivec a, ivec b) { return _mm512_sub_epi32(a, b); }
LMQ_INLINE ivec i_multiply(ivec a, ivec b) { return _mm512_mullo_epi32(a, b); }
LMQ_INLINE ivec i_load(const void *p) { return _mm512_loadu_si512(p); }
LMQ_INLINE vec v_from_integers(ivec a) { return _mm512_cvtepi32_ps(a); }
LMQ_INLINE __m512i v_whole(vec a) {
  return _mm512_max_epi32(_mm512_cvtps_epi32(a), _mm512_setzero_si512());
}
LMQ_INLINE void v_codes(uint8_t *p, vec a) {
  _mm_storeu_si128((__m128i *)p, _mm512_cvtusepi32_epi8(v_whole(a)));
}
/// The first n of them; tables without it are served by codes_write.
#define V_CODES_N
LMQ_INLINE void v_codes_n(uint8_t *p, size_t n, vec a) {
  _mm512_mask_cvtusepi32_storeu_epi8(p, v_first(n), v_whole(a));
}
LMQ_INLINE ivec i_left(ivec a, int n) { return _mm512_slli_epi32(a, (unsigned)n); }
LMQ_INLINE ivec i_right(ivec a, int n) { return _mm512_srli_epi32(a, (unsigned)n); }

LMQ_INLINE vec v_scale(vec a, vec n) { return _mm512_scalef_ps(a, n); }

LMQ_INLINE float v_sum(vec v) {
  __m256 a = _mm256_add_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
  __m128 b = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
  b = _mm_add_ps(b, _mm_movehl_ps(b, b));
  return _mm_cvtss_f32(_mm_add_ss(b, _mm_movehdup_ps(b)));
}
LMQ_INLINE float v_largest(vec v) {
  __m256 a = _mm256_max_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
  __m128 b = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
  b = _mm_max_ps(b, _mm_movehl_ps(b, b));
  return _mm_cvtss_f32(_mm_max_ss(b, _mm_movehdup_ps(b)));
}

/// Makes rows of 16 vectors columns.
#define V_TRANSPOSE
LMQ_INLINE void v_transpose(vec a[16]) {
  // In each step pairs of vectors exchange what is 1, 2, 4, 8 lanes apart.
  vec b[16];
  LMQ_UNROLL for (int i = 0; i < 16; i += 2) {
    b[i] = _mm512_unpacklo_ps(a[i], a[i + 1]);
    b[i + 1] = _mm512_unpackhi_ps(a[i], a[i + 1]);
  }
  LMQ_UNROLL for (int i = 0; i < 16; i += 4)
    LMQ_UNROLL for (int j = 0; j < 2; j++) {
      __m512d low = _mm512_castps_pd(b[i + j]), high = _mm512_castps_pd(b[i + j + 2]);
      a[i + 2 * j] = _mm512_castpd_ps(_mm512_unpacklo_pd(low, high));
      a[i + 2 * j + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(low, high));
    }
  // a[4 g + c] has of rows 4 g to 4 g + 3 the columns c, c + 4, c + 8 and c + 12, a quarter each.
  LMQ_UNROLL for (int c = 0; c < 4; c++) {
    vec even_low = _mm512_shuffle_f32x4(a[c], a[4 + c], 0x88);
    vec odd_low = _mm512_shuffle_f32x4(a[c], a[4 + c], 0xDD);
    vec even_high = _mm512_shuffle_f32x4(a[8 + c], a[12 + c], 0x88);
    vec odd_high = _mm512_shuffle_f32x4(a[8 + c], a[12 + c], 0xDD);
    b[c] = _mm512_shuffle_f32x4(even_low, even_high, 0x88);
    b[c + 4] = _mm512_shuffle_f32x4(odd_low, odd_high, 0x88);
    b[c + 8] = _mm512_shuffle_f32x4(even_low, even_high, 0xDD);
    b[c + 12] = _mm512_shuffle_f32x4(odd_low, odd_high, 0xDD);
  }
  LMQ_UNROLL for (int i = 0; i < 16; i++) a[i] = b[i];
}

LMQ_INLINE vec v_widen_bf16(const void *p) {
  __m512i wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)p));
  return _mm512_castsi512_ps(_mm512_slli_epi32(wide, 16));
}
LMQ_INLINE vec v_widen_f16(const void *p) {
  return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p));
}
