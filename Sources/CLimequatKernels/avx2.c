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

/// `rows` rows with `width` registers of a panel, from lane `first` on.
LMQ_INLINE void tile_of(int type, size_t width, size_t first, size_t rows, const lmq_tile *t) {
  __m256 s[TILE_ROWS][4];
  LMQ_UNROLL for (size_t i = 0; i < rows; i++)
    LMQ_UNROLL for (size_t r = 0; r < width; r++) s[i][r] = _mm256_setzero_ps();
  const char *const x = t->x, *const panel = t->w + first * element_bytes(type);
  STEPS(type, t, first / LMQ_LANES, 4 / width, {
    // The fewer of the two operands wait in registers.
    const char *w = panel + j * panel_row(type);
    const size_t next_register = 8 * element_bytes(type);
    if (rows < width) {
      __m256 a[TILE_ROWS];
      LMQ_UNROLL for (size_t i = 0; i < rows; i++)
        a[i] = _mm256_set1_ps(load_f32(x + (i * X_STRIDE + j) * 4));
      LMQ_UNROLL for (size_t r = 0; r < width; r++) {
        __m256 b = widen(type, w + r * next_register);
        LMQ_UNROLL for (size_t i = 0; i < rows; i++) {
          s[i][r] = _mm256_fmadd_ps(a[i], b, s[i][r]);
          KEEP_ORDER(s[i][r]);
        }
      }
    } else {
      __m256 b[4];
      LMQ_UNROLL for (size_t r = 0; r < width; r++) b[r] = widen(type, w + r * next_register);
      LMQ_UNROLL for (size_t i = 0; i < rows; i++) {
        __m256 a = _mm256_set1_ps(load_f32(x + (i * X_STRIDE + j) * 4));
        LMQ_UNROLL for (size_t r = 0; r < width; r++) {
          s[i][r] = _mm256_fmadd_ps(a, b[r], s[i][r]);
          KEEP_ORDER(s[i][r]);
        }
      }
    }
  })
  LMQ_UNROLL for (size_t i = 0; i < rows; i++)
    LMQ_UNROLL for (size_t r = 0; r < width; r++) {
      float *total = (float *)t->totals + i * LMQ_PANEL + first + r * 8;
      __m256 before = t->begins ? _mm256_setzero_ps() : _mm256_load_ps(total);
      _mm256_store_ps(total, _mm256_add_ps(before, s[i][r]));
    }
}

static void tile(const lmq_tile *t) {
#define WHOLE(type, n) \
  case n: tile_of(type, 4, 0, n, t); break;
#define HALVES(type, n) \
  case n: \
    tile_of(type, 2, 0, n, t); \
    tile_of(type, 2, LMQ_LANES, n, t); \
    break;
#define TYPE(type) \
  switch (t->rows) { \
    WHOLE(type, 1) WHOLE(type, 2) WHOLE(type, 3) HALVES(type, 4) HALVES(type, 5) HALVES(type, 6) \
  }
  EACH_TYPE(t->type, TYPE)
#undef TYPE
#undef HALVES
#undef WHOLE
}

#include "matmul.inc.h"

static void matmul(const lmq_matmul *job, size_t panel_begin, size_t panel_end) {
  matmul_with(job, panel_begin, panel_end, TILE_ROWS, tile);
}
static void matmul_int8(const lmq_matmul_int8 *job, size_t panel_begin, size_t panel_end) {
  matmul_int8_with(job, panel_begin, panel_end, 4, lmq_tile_avx2, LMQ_SPLIT);
}
static void matmul_int8_vnni(const lmq_matmul_int8 *job, size_t panel_begin, size_t panel_end) {
  matmul_int8_with(job, panel_begin, panel_end, TILE_ROWS, lmq_tile_avx_vnni, LMQ_SHIFTED);
}

const lmq_kernels lmq_avx2 = LMQ_KERNELS("avx2", matmul, matmul_int8);
const lmq_kernels lmq_avx_vnni = LMQ_KERNELS("avx-vnni", matmul, matmul_int8_vnni);

#pragma clang attribute pop
#endif
