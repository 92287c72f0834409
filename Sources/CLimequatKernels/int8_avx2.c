// Int8 products for x86-64 with AVX2. maddubs multiplies unsigned with signed bytes and adds pairs in 16
// bits; it takes the magnitude of a signed code, up to 128, and the weight, inverted where the code is
// negative: sums from 2 * 128 * -128 to 2 * 127 * 127 fit and are exact. (vpsignb would spare the correction
// of LMQ_SPLIT, but it shares the multiplications' ports.)
#if defined(__x86_64__)

#include <immintrin.h>

#include "walk.h"

#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)

enum { TILE_ROWS = 4 };

LMQ_INLINE __m256i load(const void *p) { return _mm256_load_si256(p); }

/// `rows` rows with `width` registers of a panel, from output `first` on.
LMQ_INLINE void tile_of(size_t width, size_t first, size_t rows, const lmq_tile *t) {
  const __m256i ones = _mm256_set1_epi16(1);
  __m256i s[TILE_ROWS][4];
  LMQ_UNROLL for (size_t i = 0; i < rows; i++)
    LMQ_UNROLL for (size_t r = 0; r < width; r++)
      s[i][r] = load((const int32_t *)t->totals + i * LMQ_PANEL + first + r * 8);
  const char *const panel = t->w + first * 4;
  lmq_units units = first_units(t);
  STEPS(t, first / LMQ_LANES, 4 / width, {
    const char *w = panel + j * panel_row(LMQ_INT8);
    __m256i b[4];
    LMQ_UNROLL for (size_t r = 0; r < width; r++) b[r] = load(w + r * 32);
    LMQ_UNROLL for (size_t i = 0; i < rows; i++) {
      const char *unit = next_unit(&units, i);
      __m256i a = _mm256_set1_epi32(load_i32(unit));
      __m256i negative = _mm256_set1_epi32(load_i32(unit + SECOND_PLANE));
      LMQ_UNROLL for (size_t r = 0; r < width; r++) {
        __m256i pairs = _mm256_maddubs_epi16(a, _mm256_xor_si256(b[r], negative));
        s[i][r] = _mm256_add_epi32(s[i][r], _mm256_madd_epi16(pairs, ones));
        KEEP_ORDER(s[i][r]);
      }
    }
    advance(&units);
  })
  LMQ_UNROLL for (size_t i = 0; i < rows; i++)
    LMQ_UNROLL for (size_t r = 0; r < width; r++)
      _mm256_store_si256((__m256i *)((int32_t *)t->totals + i * LMQ_PANEL + first) + r, s[i][r]);
}

/// Codes, less 128, as magnitudes and, SECOND_PLANE bytes behind, -1 for those that are negative. Answers the
/// sum of the magnitudes of these.
int32_t lmq_copy_split(const char *codes, size_t bytes, char *x) {
  int32_t sum = 0;
  for (size_t j = 0; j < bytes; j++) {
    int code = (unsigned char)codes[j] - 128, negative = code < 0 ? -1 : 0;
    int magnitude = (code ^ negative) - negative;
    sum += magnitude & negative;
    x[j] = (char)magnitude;
    x[SECOND_PLANE + j] = (char)negative;
  }
  return sum;
}

void lmq_tile_avx2(const lmq_tile *t) {
  clear_totals(t);
  switch (t->rows) {
  case 1: tile_of(4, 0, 1, t); break;
  case 2: tile_of(4, 0, 2, t); break;
  case 3: tile_of(2, 0, 3, t), tile_of(2, LMQ_LANES, 3, t); break;
  case 4: tile_of(2, 0, 4, t), tile_of(2, LMQ_LANES, 4, t); break;
  }
}

#pragma clang attribute pop
#endif
