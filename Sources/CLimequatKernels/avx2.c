#if defined(__x86_64__)
// The table for x86-64 with AVX2, FMA and F16C: half a panel is two registers, six rows share each load of
// weights. Up to three rows there are registers enough for the whole panel.

#include <immintrin.h>

#include "internal.h"

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)

#include "vector_avx2.h"

#include "activations.inc.h"
#include "rows.inc.h"
#include "codes.inc.h"
#include "tile.h"

#pragma STDC FP_CONTRACT OFF

enum { TILE_ROWS = 6 };

LMQ_INLINE __m256 widen(int type, const void *w) {
  return type == LMQ_F32 ? _mm256_load_ps(w) : type == LMQ_F16 ? widen_f16_half(w) : widen_bf16_half(w);
}

/// The products of a unit of `rows` rows with `width` registers of a panel.
LMQ_INLINE void products(
    int type, size_t width, size_t rows, const char *w, const lmq_units *units, __m256 s[][4]) {
  const size_t bytes = type == LMQ_F32 ? 32 : 16;
  if (rows == 3 && width == 4) {
    // The fewer of the two operands wait in registers.
    __m256 a[TILE_ROWS];
    LMQ_UNROLL for (size_t i = 0; i < rows; i++) a[i] = _mm256_set1_ps(load_f32(next_unit(units, i)));
    LMQ_UNROLL for (size_t r = 0; r < width; r++) {
      __m256 b = widen(type, w + r * bytes);
      LMQ_UNROLL for (size_t i = 0; i < rows; i++) {
        s[i][r] = _mm256_fmadd_ps(a[i], b, s[i][r]);
        KEEP_ORDER(s[i][r]);
      }
    }
  } else {
    __m256 b[4];
    LMQ_UNROLL for (size_t r = 0; r < width; r++) b[r] = widen(type, w + r * bytes);
    LMQ_UNROLL for (size_t i = 0; i < rows; i++) {
      __m256 a = _mm256_set1_ps(load_f32(next_unit(units, i)));
      LMQ_UNROLL for (size_t r = 0; r < width; r++) {
        s[i][r] = _mm256_fmadd_ps(a, b[r], s[i][r]);
        KEEP_ORDER(s[i][r]);
      }
    }
  }
}

/// `rows` rows with `width` registers of a panel, from lane `first` on. Both types of `narrow` weights share the
/// code: a branch that always goes the same way costs little.
LMQ_INLINE void tile_of(bool narrow, size_t width, size_t first, size_t rows, const lmq_tile *t) {
  __m256 s[TILE_ROWS][4];
  LMQ_UNROLL for (size_t i = 0; i < rows; i++)
    LMQ_UNROLL for (size_t r = 0; r < width; r++) s[i][r] = _mm256_setzero_ps();
  const int type = narrow ? t->type : LMQ_F32;
  const size_t bytes = narrow ? 16 : 32;  // of what fills a register
  const char *const panel = t->w + first / 8 * bytes;
  lmq_units units = first_units(t);
#define PRODUCTS \
  { \
    products(type, width, rows, panel + j * 4 * bytes, &units, s); \
    advance(&units); \
  }
  if (rows >= 5 && !narrow) STEPS_OF(LMQ_TWICE, t, first / LMQ_LANES, 4 / width, PRODUCTS)
  else STEPS(t, first / LMQ_LANES, 4 / width, PRODUCTS)
#undef PRODUCTS
  // Totals that are yet to be set to 0 count as 0.
  float *const totals = (float *)t->totals + first;
  const __m256 kept = _mm256_castsi256_ps(_mm256_set1_epi32(t->is_first ? 0 : -1));
  LMQ_UNROLL for (size_t i = 0; i < rows; i++)
    LMQ_UNROLL for (size_t r = 0; r < width; r++) {
      float *total = totals + i * LMQ_PANEL + r * 8;
      _mm256_store_ps(total, _mm256_add_ps(_mm256_and_ps(kept, _mm256_load_ps(total)), s[i][r]));
    }
}

static void tile(const lmq_tile *t) {
#define WHOLE(narrow, n) \
  case n: tile_of(narrow, 4, 0, n, t); break;
#define HALVES(narrow, n) \
  case n: \
    LMQ_ROLLED for (size_t first = 0; first < LMQ_PANEL; first += LMQ_LANES) tile_of(narrow, 2, first, n, t); \
    break;
#define TYPES(narrow) \
  switch (t->rows) { \
    WHOLE(narrow, 1) WHOLE(narrow, 2) WHOLE(narrow, 3) HALVES(narrow, 4) HALVES(narrow, 5) HALVES(narrow, 6) \
  }
  if (t->type == LMQ_F32) TYPES(false) else TYPES(true)
#undef TYPES
#undef HALVES
#undef WHOLE
}

#include "matmul.inc.h"

static void matmul(const lmq_matmul *job, size_t panel_begin, size_t panel_end) {
  // Narrow weights come more slowly by themselves (Zen 4, 2 or 3 rows: at less than 0.6 of the speed).
  matmul_with(
      job, panel_begin, panel_end,
      (float_tile){.rows = TILE_ROWS, .tile = tile, .alone_rows = job->type == LMQ_F32 ? 3 : 0});
}
static void matmul_int8(const lmq_matmul_int8 *job, size_t panel_begin, size_t panel_end) {
  matmul_int8_with(
      job, panel_begin, panel_end,
      (int8_tile){
          .rows = 3, .tile = lmq_tile_avx2, .alone_rows = 1, .codes = lmq_codes_avx2(job),
          .copy = lmq_copy_avx2});
}
static void matmul_int8_vnni(const lmq_matmul_int8 *job, size_t panel_begin, size_t panel_end) {
  matmul_int8_with(job, panel_begin, panel_end, (int8_tile){.rows = 6, .tile = lmq_tile_avx_vnni});
}

const lmq_kernels lmq_avx2 = LMQ_KERNELS("avx2", matmul, matmul_int8, lmq_limit_avx2);
const lmq_kernels lmq_avx_vnni = LMQ_KERNELS("avx-vnni", matmul, matmul_int8_vnni, NULL);

#pragma clang attribute pop
#endif
