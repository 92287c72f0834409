#if defined(__x86_64__)
// The table for x86-64 with AVX2, FMA and F16C: half a panel is two registers, six rows share each load of
// weights. Up to three rows there are registers enough for the whole panel.

#include <immintrin.h>

#include "internal.h"

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)

#include "vector_avx2.h"

#include "activations.inc.h"
#include "rows.inc.h"
#include "tile.h"

#pragma STDC FP_CONTRACT OFF

enum { TILE_ROWS = 6 };

LMQ_INLINE __m256 widen(int type, const void *w) {
  return type == LMQ_F32 ? _mm256_load_ps(w) : type == LMQ_F16 ? widen_f16_half(w) : widen_bf16_half(w);
}

/// The sums of `rows` rows with `width` registers of a panel.
LMQ_INLINE void tile_of(
    int type, size_t width, size_t rows, const float *x, const char *w, size_t k, float *totals,
    const char *next) {
  __m256 sums[TILE_ROWS][4];
  for (size_t i = 0; i < rows; i++)
    for (size_t r = 0; r < width; r++) sums[i][r] = _mm256_setzero_ps();
  STEPS(type, k, w, next, {
    __m256 weights[4];
    for (size_t r = 0; r < width; r++)
      weights[r] = widen(type, w + j * panel_row(type) + r * 8 * element_bytes(type));
    for (size_t i = 0; i < rows; i++) {
      __m256 a = _mm256_broadcast_ss(x + i * LMQ_BLOCK + j);
      for (size_t r = 0; r < width; r++) sums[i][r] = _mm256_fmadd_ps(a, weights[r], sums[i][r]);
    }
  })
  for (size_t i = 0; i < rows; i++)
    for (size_t r = 0; r < width; r++) {
      float *total = totals + i * LMQ_PANEL + r * 8;
      _mm256_store_ps(total, _mm256_add_ps(_mm256_load_ps(total), sums[i][r]));
    }
}

static void tile(
    int type, size_t rows, const float *x, const void *w, size_t k, float *totals, const void *next) {
#define WHOLE(type, n) \
  case n: tile_of(type, 4, n, x, w, k, totals, next); break;
#define HALVES(type, n) \
  case n: \
    tile_of(type, 2, n, x, w, k, totals, next); \
    tile_of(type, 2, n, x, (const char *)w + panel_row(type) / 2, k, totals + LMQ_LANES, NULL); \
    break;
#define TYPE(type) \
  switch (rows) { WHOLE(type, 1) WHOLE(type, 2) WHOLE(type, 3) HALVES(type, 4) HALVES(type, 5) HALVES(type, 6) }
  EACH_TYPE(type, TYPE)
#undef TYPE
#undef HALVES
#undef WHOLE
}

#include "matmul.inc.h"

const lmq_kernels lmq_avx2 = LMQ_KERNELS("avx2");

#pragma clang attribute pop
#endif
