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

LMQ_INLINE void tile_of(int type, size_t rows, const lmq_tile *t) {
  __m512 s[TILE_ROWS][2];
  LMQ_UNROLL for (size_t i = 0; i < rows; i++)
    LMQ_UNROLL for (size_t r = 0; r < 2; r++) s[i][r] = _mm512_setzero_ps();
  STEPS(type, t, 0, 1, {
    __m512 weights[2];
    LMQ_UNROLL for (size_t r = 0; r < 2; r++)
      weights[r] = widen(type, t->w + j * panel_row(type) + r * 16 * element_bytes(type));
    LMQ_UNROLL for (size_t i = 0; i < rows; i++) {
      __m512 a = _mm512_set1_ps(load_f32(t->x + (i * X_STRIDE + j) * 4));
      LMQ_UNROLL for (size_t r = 0; r < 2; r++) s[i][r] = _mm512_fmadd_ps(a, weights[r], s[i][r]);
    }
  })
  LMQ_UNROLL for (size_t i = 0; i < rows; i++)
    LMQ_UNROLL for (size_t r = 0; r < 2; r++) {
      float *total = (float *)t->totals + i * LMQ_PANEL + r * 16;
      __m512 before = t->begins ? _mm512_setzero_ps() : _mm512_load_ps(total);
      _mm512_store_ps(total, _mm512_add_ps(before, s[i][r]));
    }
}

static void tile(const lmq_tile *t) {
#define ROWS(type, n) \
  case n: tile_of(type, n, t); break;
#define TYPE(type) \
  switch (t->rows) { \
    ROWS(type, 1) ROWS(type, 2) ROWS(type, 3) ROWS(type, 4) ROWS(type, 5) ROWS(type, 6) \
    ROWS(type, 7) ROWS(type, 8) ROWS(type, 9) ROWS(type, 10) ROWS(type, 11) ROWS(type, 12) \
  }
  EACH_TYPE(t->type, TYPE)
#undef TYPE
#undef ROWS
}

#include "matmul.inc.h"

static void matmul(const lmq_matmul *job, size_t panel_begin, size_t panel_end) {
  matmul_with(job, panel_begin, panel_end, TILE_ROWS, tile);
}
static void matmul_int8(const lmq_matmul_int8 *job, size_t panel_begin, size_t panel_end) {
  matmul_int8_with(job, panel_begin, panel_end, 4, lmq_tile_avx2, LMQ_SPLIT);
}
static void matmul_int8_vnni(const lmq_matmul_int8 *job, size_t panel_begin, size_t panel_end) {
  matmul_int8_with(job, panel_begin, panel_end, TILE_ROWS, lmq_tile_avx512_vnni, LMQ_SHIFTED);
}

const lmq_kernels lmq_avx512 = LMQ_KERNELS("avx512", matmul, matmul_int8);
const lmq_kernels lmq_avx512_vnni = LMQ_KERNELS("avx512-vnni", matmul, matmul_int8_vnni);

#pragma clang attribute pop
#endif
