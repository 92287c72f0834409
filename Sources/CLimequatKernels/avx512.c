#if defined(__x86_64__)
// The table for x86-64 with AVX-512: a panel is two registers, twelve rows share each load of weights.

#include <immintrin.h>

#include "internal.h"

#pragma clang attribute push( \
    __attribute__((target("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl"))), apply_to = function)

#include "vector_avx512.h"

#include "activations.inc.h"
#include "rows.inc.h"

#pragma STDC FP_CONTRACT OFF

enum { TILE_ROWS = 12 };

#include "tile.h"

LMQ_INLINE __m512 widen(int type, const void *w) {
  return type == LMQ_F32 ? _mm512_load_ps(w) : type == LMQ_F16 ? v_widen_f16(w) : v_widen_bf16(w);
}

/// Adds the products of one input with a panel's 32 weights to the sums of `rows` rows.
LMQ_INLINE void step(int type, size_t rows, const float *x, const char *w, __m512 sums[TILE_ROWS][2]) {
  __m512 low = widen(type, w), high = widen(type, w + LMQ_LANES * element_bytes(type));
  for (size_t i = 0; i < rows; i++) {
    __m512 a = _mm512_set1_ps(x[i * LMQ_BLOCK]);
    sums[i][0] = _mm512_fmadd_ps(a, low, sums[i][0]);
    sums[i][1] = _mm512_fmadd_ps(a, high, sums[i][1]);
  }
}

LMQ_INLINE void tile_of(
    int type, size_t rows, const float *x, const char *w, size_t k, float *totals, const char *next) {
  __m512 sums[TILE_ROWS][2];
  for (size_t i = 0; i < rows; i++) sums[i][0] = sums[i][1] = _mm512_setzero_ps();
  STEPS(type, k, w, next, step(type, rows, x + j, w + j * panel_row(type), sums))
  for (size_t i = 0; i < rows; i++) {
    float *total = totals + i * LMQ_PANEL;
    _mm512_store_ps(total, _mm512_add_ps(_mm512_load_ps(total), sums[i][0]));
    _mm512_store_ps(total + 16, _mm512_add_ps(_mm512_load_ps(total + 16), sums[i][1]));
  }
}

static void tile(
    int type, size_t rows, const float *x, const void *w, size_t k, float *totals, const void *next) {
#define ROWS(type, n) \
  case n: tile_of(type, n, x, w, k, totals, next); break;
#define TYPE(type) \
  switch (rows) { \
    ROWS(type, 1) ROWS(type, 2) ROWS(type, 3) ROWS(type, 4) ROWS(type, 5) ROWS(type, 6) \
    ROWS(type, 7) ROWS(type, 8) ROWS(type, 9) ROWS(type, 10) ROWS(type, 11) ROWS(type, 12) \
  }
  EACH_TYPE(type, TYPE)
#undef TYPE
#undef ROWS
}

#include "matmul.inc.h"

const lmq_kernels lmq_avx512 = LMQ_KERNELS("avx512");

#pragma clang attribute pop
#endif
