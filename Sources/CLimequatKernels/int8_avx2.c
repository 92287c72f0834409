// Int8 products for x86-64 with AVX2. maddubs multiplies unsigned with signed bytes and adds pairs in 16
// bits; it takes the magnitude of a signed code, up to 128, and the weight, inverted where the code is
// negative: sums from 2 * 128 * -128 to 2 * 127 * 127 fit and are exact. (vpsignb would spare the correction
// of LMQ_SPLIT, but it shares the multiplications' ports.)
#if defined(__x86_64__)

#include <immintrin.h>

#include "walk.h"

#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)

enum { REGISTERS = 4 };  // of a row of a panel

LMQ_INLINE __m256i load(const char *p) { return _mm256_load_si256((const __m256i *)(const void *)p); }
LMQ_INLINE __m256i load_any(const char *p) { return _mm256_loadu_si256((const __m256i *)(const void *)p); }
LMQ_INLINE void store_any(char *p, __m256i a) { _mm256_storeu_si256((__m256i *)(void *)p, a); }
LMQ_INLINE __m256i spread(const char *p) { return _mm256_set1_epi32(load_i32(p)); }

/// `rows` rows. Each reads the weights anew, as an operand in the first cache: to the processor that is no
/// instruction more, and leaves the registers to a third row.
LMQ_INLINE void tile_of(size_t rows, const lmq_tile *t) {
  const __m256i ones = _mm256_set1_epi16(1);
  __m256i s[3][REGISTERS];
  char *const totals = t->totals;
  LMQ_UNROLL for (size_t i = 0; i < rows; i++)
    LMQ_UNROLL for (size_t r = 0; r < REGISTERS; r++)
      s[i][r] = t->is_first ? _mm256_setzero_si256() : load(totals + (i * REGISTERS + r) * 32);
  const char *x = t->x, *w = t->w;
  const size_t x_bytes = t->x_bytes;
  STEPS(t, 0, 1, {
    LMQ_UNROLL for (size_t i = 0; i < rows; i++) {
      __m256i a = spread(x + i * x_bytes), negative = spread(x + i * x_bytes + SECOND_PLANE);
      LMQ_UNROLL for (size_t r = 0; r < REGISTERS; r++) {
        __m256i pairs = _mm256_maddubs_epi16(a, _mm256_xor_si256(negative, load(w + r * 32)));
        s[i][r] = _mm256_add_epi32(s[i][r], _mm256_madd_epi16(pairs, ones));
        KEEP_ORDER(s[i][r]);
      }
    }
    x += 4, w += panel_row(LMQ_INT8);
  })
  LMQ_UNROLL for (size_t i = 0; i < rows; i++)
    LMQ_UNROLL for (size_t r = 0; r < REGISTERS; r++) store_any(totals + (i * REGISTERS + r) * 32, s[i][r]);
}

void lmq_tile_avx2(const lmq_tile *t) {
  switch (t->rows) {
  case 1: tile_of(1, t); break;
  case 2: tile_of(2, t); break;
  case 3: tile_of(3, t); break;
  }
}

/// 32 codes, less 128, as magnitudes and, SECOND_PLANE bytes behind, -1 for those that are negative. Adds the
/// magnitudes of these to `sum`.
LMQ_INLINE __m256i split_codes(const char *codes, char *x, __m256i sum) {
  const __m256i zero = _mm256_setzero_si256(), code = _mm256_xor_si256(load_any(codes), _mm256_set1_epi8(-128));
  const __m256i negative = _mm256_cmpgt_epi8(zero, code), magnitude = _mm256_abs_epi8(code);
  store_any(x, magnitude);
  store_any(x + SECOND_PLANE, negative);
  return _mm256_add_epi64(sum, _mm256_sad_epu8(_mm256_and_si256(magnitude, negative), zero));
}

/// Answers the sum of the magnitudes of all that are negative. Rows have room for whole registers.
int32_t lmq_copy_split(const char *codes, size_t bytes, char *x) {
  __m256i sum = _mm256_setzero_si256();
  size_t j = 0;
  for (; j + 32 <= bytes; j += 32) sum = split_codes(codes + j, x + j, sum);
  if (j < bytes) {
    char rest[32];
    memset(rest, -128, sizeof rest);
    memcpy(rest, codes + j, bytes - j);
    sum = split_codes(rest, x + j, sum);
  }
  __m128i half = _mm_add_epi64(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
  return _mm_cvtsi128_si32(_mm_add_epi64(half, _mm_unpackhi_epi64(half, half)));
}

#pragma clang attribute pop
#endif
