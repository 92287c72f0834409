// Int8 products for x86-64 with AVX-512 VNNI. vpdpbusd adds four products of an unsigned with a signed byte.
#if defined(__x86_64__)

#include <immintrin.h>

#include "tile.h"

#pragma clang attribute push(__attribute__((target("avx512f,avx512vnni"))), apply_to = function)

enum { TILE_ROWS = 12 };

LMQ_INLINE void tile_of(size_t rows, const lmq_tile *t) {
  const __mmask16 present = t->is_first ? 0 : 0xFFFF;
  __m512i s[TILE_ROWS][2];
  LMQ_UNROLL for (size_t i = 0; i < rows; i++)
    LMQ_UNROLL for (size_t r = 0; r < 2; r++)
      s[i][r] = _mm512_maskz_load_epi32(present, (const int32_t *)t->totals + i * LMQ_PANEL + r * 16);
  lmq_units units = first_units(t);
  STEPS(t, 0, 1, {
    const char *w = t->w + j * panel_row(LMQ_INT8);
    __m512i b[2];
    LMQ_UNROLL for (size_t r = 0; r < 2; r++) b[r] = _mm512_load_si512(w + r * 64);
    LMQ_UNROLL for (size_t i = 0; i < rows; i++) {
      __m512i a = _mm512_set1_epi32(load_i32(next_unit(&units, i)));
      LMQ_UNROLL for (size_t r = 0; r < 2; r++) s[i][r] = _mm512_dpbusd_epi32(s[i][r], a, b[r]);
    }
    advance(&units);
  })
  LMQ_UNROLL for (size_t i = 0; i < rows; i++)
    LMQ_UNROLL for (size_t r = 0; r < 2; r++) {
      _mm512_store_si512((int32_t *)t->totals + i * LMQ_PANEL + r * 16, s[i][r]);
    }
}

void lmq_tile_avx512_vnni(const lmq_tile *t) {
#define ROWS(n) \
  case n: tile_of(n, t); break;
  switch (t->rows) {
    ROWS(1) ROWS(2) ROWS(3) ROWS(4) ROWS(5) ROWS(6) ROWS(7) ROWS(8) ROWS(9) ROWS(10) ROWS(11) ROWS(12)
  }
#undef ROWS
}

#pragma clang attribute pop
#endif
