#if defined(__x86_64__)
// The table for x86-64 with AVX-512: a panel is two registers, twelve rows share each load of weights.

#include <immintrin.h>

#include "internal.h"

#pragma clang attribute push( \
    __attribute__((target("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl"))), apply_to = function)

#include "vector_avx512.h"

#include "activations.inc.h"
#include "rows.inc.h"
#include "codes.inc.h"

#pragma STDC FP_CONTRACT OFF

enum { TILE_ROWS = 12 };

#include "tile.h"

LMQ_INLINE void tile_of(size_t rows, const lmq_tile *t) {
  __m512 s[TILE_ROWS][2];
  LMQ_UNROLL for (size_t i = 0; i < rows; i++)
    LMQ_UNROLL for (size_t r = 0; r < 2; r++) s[i][r] = _mm512_setzero_ps();
  const __mmask16 present = t->is_first ? 0 : 0xFFFF;
  const int type = t->type;
  const size_t w_bytes = panel_row(type);
  const char *w = t->w;
  lmq_units units = first_units(t);
  STEPS(t, 0, 1, {
    __m512 b[2];
    if (__builtin_expect(type == LMQ_F32, 1)) {
      LMQ_UNROLL for (size_t r = 0; r < 2; r++) b[r] = _mm512_load_ps(w + r * 64);
    } else {
      LMQ_UNROLL for (size_t r = 0; r < 2; r++)
        b[r] = type == LMQ_F16 ? v_widen_f16(w + r * 32) : v_widen_bf16(w + r * 32);
    }
    w += w_bytes;
    LMQ_UNROLL for (size_t i = 0; i < rows; i++) {
      __m512 a = _mm512_set1_ps(load_f32(next_unit(&units, i)));
      LMQ_UNROLL for (size_t r = 0; r < 2; r++) s[i][r] = _mm512_fmadd_ps(a, b[r], s[i][r]);
    }
    advance(&units);
  })
  LMQ_UNROLL for (size_t i = 0; i < rows; i++)
    LMQ_UNROLL for (size_t r = 0; r < 2; r++) {
      float *total = (float *)t->totals + i * LMQ_PANEL + r * 16;
      _mm512_store_ps(total, _mm512_add_ps(_mm512_maskz_load_ps(present, total), s[i][r]));
    }
}

static void tile(const lmq_tile *t) {
#define ROWS(n) \
  case n: tile_of(n, t); break;
  switch (t->rows) {
    ROWS(1) ROWS(2) ROWS(3) ROWS(4) ROWS(5) ROWS(6) ROWS(7) ROWS(8) ROWS(9) ROWS(10) ROWS(11) ROWS(12)
  }
#undef ROWS
}

#include "matmul.inc.h"

static void matmul(const lmq_matmul *job, size_t panel_begin, size_t panel_end) {
  matmul_with(job, panel_begin, panel_end, (float_tile){.rows = TILE_ROWS, .tile = tile, .is_wide = true});
}
static void matmul_int8(const lmq_matmul_int8 *job, size_t panel_begin, size_t panel_end) {
  matmul_int8_with(
      job, panel_begin, panel_end,
      (int8_tile){.rows = 3, .tile = lmq_tile_avx2, .codes = lmq_codes_avx2(job), .copy = lmq_copy_avx2});
}
static void matmul_int8_vnni(const lmq_matmul_int8 *job, size_t panel_begin, size_t panel_end) {
  matmul_int8_with(
      job, panel_begin, panel_end,
      (int8_tile){.rows = 12, .tile = lmq_tile_avx512_vnni, .is_wide = true, .alone_rows = 4});
}

const lmq_kernels lmq_avx512 = LMQ_KERNELS("avx512", matmul, matmul_int8, lmq_limit_avx2);
const lmq_kernels lmq_avx512_vnni = LMQ_KERNELS("avx512-vnni", matmul, matmul_int8_vnni, NULL);

#pragma clang attribute pop
#endif
