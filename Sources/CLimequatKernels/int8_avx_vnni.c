// Int8 products for x86-64 with AVX-VNNI. vpdpbusd adds four products of an unsigned with a signed byte.
#if defined(__x86_64__)

#include <immintrin.h>

#include "tile.h"

#pragma clang attribute push(__attribute__((target("avx2,avxvnni"))), apply_to = function)

enum { TILE_ROWS = 6 };

LMQ_INLINE __m256i load(const void *p) { return _mm256_load_si256(p); }

/// `rows` rows with `width` registers of a panel, from output `first` on.
LMQ_INLINE void part_of(size_t width, size_t first, size_t rows, const lmq_tile *t) {
  __m256i s[TILE_ROWS][4];
  LMQ_UNROLL for (size_t i = 0; i < rows; i++)
    LMQ_UNROLL for (size_t r = 0; r < width; r++)
      s[i][r] = load((const int32_t *)t->totals + i * LMQ_PANEL + first + r * 8);
  lmq_units units = first_units(t);
  STEPS(t, first / LMQ_LANES, 4 / width, {
    const char *w = t->w + j * panel_row(LMQ_INT8) + first * 4;
    __m256i b[4];
    LMQ_UNROLL for (size_t r = 0; r < width; r++) b[r] = load(w + r * 32);
    LMQ_UNROLL for (size_t i = 0; i < rows; i++) {
      __m256i a = _mm256_set1_epi32(load_i32(next_unit(&units, i)));
      LMQ_UNROLL for (size_t r = 0; r < width; r++) s[i][r] = _mm256_dpbusd_avx_epi32(s[i][r], a, b[r]);
    }
    advance(&units);
  })
  LMQ_UNROLL for (size_t i = 0; i < rows; i++)
    LMQ_UNROLL for (size_t r = 0; r < width; r++)
      _mm256_store_si256((__m256i *)((int32_t *)t->totals + i * LMQ_PANEL + first) + r, s[i][r]);
}

/// A whole panel, in parts of `width` registers.
LMQ_INLINE void tile_of(size_t width, size_t rows, const lmq_tile *t) {
  LMQ_ROLLED for (size_t first = 0; first < LMQ_PANEL; first += width * 8) part_of(width, first, rows, t);
}

void lmq_tile_avx_vnni(const lmq_tile *t) {
  clear_totals(t);
  switch (t->rows) {
  case 1: tile_of(4, 1, t); break;
  case 2: tile_of(4, 2, t); break;
  case 3: tile_of(4, 3, t); break;
  case 4: tile_of(2, 4, t); break;
  case 5: tile_of(2, 5, t); break;
  case 6: tile_of(2, 6, t); break;
  }
}

#pragma clang attribute pop
#endif
