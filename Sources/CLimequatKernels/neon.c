// The table for aarch64: half a panel is four registers, six rows share each load of weights. Up to two
// rows there are registers enough for the whole panel.
#if defined(__aarch64__)

#include "vector_neon.h"

#include "activations.inc.h"
#include "rows.inc.h"
#include "codes.inc.h"
#include "tile.h"

#pragma STDC FP_CONTRACT OFF

enum { TILE_ROWS = 6 };

/// `rows` rows with `width` registers of a panel, from lane `first` on.
LMQ_INLINE void tile_of(size_t width, size_t first, size_t rows, const lmq_tile *t) {
  float32x4_t s[TILE_ROWS][8];
  LMQ_UNROLL for (size_t i = 0; i < rows; i++)
    LMQ_UNROLL for (size_t r = 0; r < width; r++) s[i][r] = vdupq_n_f32(0.0f);
  const int type = t->type;
  const char *w = t->w + first * element_bytes(type);
  STEPS(t, first / LMQ_LANES, 8 / width, {
    float32x4_t b[8];
    if (type == LMQ_F32) {
      LMQ_UNROLL for (size_t r = 0; r < width; r++) b[r] = vld1q_f32((const float *)(w + r * 16));
      w += 128;
    } else {
      LMQ_UNROLL for (size_t r = 0; r < width; r++)
        b[r] = type == LMQ_F16 ? widen_f16_q(w + r * 8) : widen_bf16_q(w + r * 8);
      w += 64;
    }
    LMQ_UNROLL for (size_t i = 0; i < rows; i++) {
      float a = load_f32(unit_of(t, i, j));
      LMQ_UNROLL for (size_t r = 0; r < width; r++) s[i][r] = vfmaq_n_f32(s[i][r], b[r], a);
    }
  })
  LMQ_UNROLL for (size_t i = 0; i < rows; i++)
    LMQ_UNROLL for (size_t r = 0; r < width; r++) {
      float *total = (float *)t->totals + i * LMQ_PANEL + first + r * 4;
      vst1q_f32(total, vaddq_f32(vld1q_f32(total), s[i][r]));
    }
}

static void tile(const lmq_tile *t) {
  clear_totals(t);
#define WHOLE(n) \
  case n: tile_of(8, 0, n, t); break;
#define HALVES(n) \
  case n: \
    tile_of(4, 0, n, t); \
    tile_of(4, LMQ_LANES, n, t); \
    break;
  switch (t->rows) { WHOLE(1) WHOLE(2) HALVES(3) HALVES(4) HALVES(5) HALVES(6) }
#undef HALVES
#undef WHOLE
}

#include "matmul.inc.h"

static void matmul(const lmq_matmul *job, size_t panel_begin, size_t panel_end) {
  matmul_with(job, panel_begin, panel_end, (float_tile){.rows = TILE_ROWS, .tile = tile});
}
static void matmul_int8(const lmq_matmul_int8 *job, size_t panel_begin, size_t panel_end) {
  matmul_int8_with(
      job, panel_begin, panel_end,
      (int8_tile){.rows = 3, .tile = lmq_tile_neon, .codes = LMQ_SIGNED, .copy = lmq_copy_signed});
}
static void matmul_int8_dotprod(const lmq_matmul_int8 *job, size_t panel_begin, size_t panel_end) {
  matmul_int8_with(
      job, panel_begin, panel_end,
      (int8_tile){.rows = 6, .tile = lmq_tile_neon_dotprod, .codes = LMQ_SIGNED, .copy = lmq_copy_signed});
}
static void matmul_int8_i8mm(const lmq_matmul_int8 *job, size_t panel_begin, size_t panel_end) {
  matmul_int8_with(
      job, panel_begin, panel_end,
      (int8_tile){.rows = 6, .tile = lmq_tile_neon_i8mm, .codes = LMQ_SIGNED, .copy = lmq_copy_signed});
}

const lmq_kernels lmq_neon = LMQ_KERNELS("neon", matmul, matmul_int8, NULL);
const lmq_kernels lmq_neon_dotprod = LMQ_KERNELS("neon-dotprod", matmul, matmul_int8_dotprod, NULL);
const lmq_kernels lmq_neon_i8mm = LMQ_KERNELS("neon-i8mm", matmul, matmul_int8_i8mm, NULL);

#endif
