// The table for aarch64: half a panel is four registers, six rows share each load of weights. Up to three
// rows there are registers enough for the whole panel.
#if defined(__aarch64__)

#include "vector_neon.h"

#include "activations.inc.h"
#include "rows.inc.h"
#include "tile.h"

#pragma STDC FP_CONTRACT OFF

enum { TILE_ROWS = 6 };

LMQ_INLINE float32x4_t widen(int type, const void *w) {
  return type == LMQ_F32 ? vld1q_f32(w) : type == LMQ_F16 ? widen_f16_q(w) : widen_bf16_q(w);
}

/// `rows` rows with `width` registers of a panel, from lane `first` on.
LMQ_INLINE void tile_of(int type, size_t width, size_t first, size_t rows, const lmq_tile *t) {
  float32x4_t s[TILE_ROWS][8];
  LMQ_UNROLL for (size_t i = 0; i < rows; i++)
    LMQ_UNROLL for (size_t r = 0; r < width; r++) s[i][r] = vdupq_n_f32(0.0f);
  STEPS(type, t, first / LMQ_LANES, 8 / width, {
    const char *w = t->w + j * panel_row(type) + first * element_bytes(type);
    LMQ_UNROLL for (size_t r = 0; r < width; r++) {
      float32x4_t b = widen(type, w + r * 4 * element_bytes(type));
      LMQ_UNROLL for (size_t i = 0; i < rows; i++)
        s[i][r] = vfmaq_n_f32(s[i][r], b, load_f32(t->x + (i * X_STRIDE + j) * 4));
    }
  })
  LMQ_UNROLL for (size_t i = 0; i < rows; i++)
    LMQ_UNROLL for (size_t r = 0; r < width; r++) {
      float *total = (float *)t->totals + i * LMQ_PANEL + first + r * 4;
      float32x4_t before = t->begins ? vdupq_n_f32(0.0f) : vld1q_f32(total);
      vst1q_f32(total, vaddq_f32(before, s[i][r]));
    }
}

static void tile(const lmq_tile *t) {
#define WHOLE(type, n) \
  case n: tile_of(type, 8, 0, n, t); break;
#define HALVES(type, n) \
  case n: \
    tile_of(type, 4, 0, n, t); \
    tile_of(type, 4, LMQ_LANES, n, t); \
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
  matmul_int8_with(job, panel_begin, panel_end, 3, lmq_tile_neon, LMQ_PLAIN);
}
static void matmul_int8_dotprod(const lmq_matmul_int8 *job, size_t panel_begin, size_t panel_end) {
  matmul_int8_with(job, panel_begin, panel_end, 6, lmq_tile_neon_dotprod, LMQ_PLAIN);
}
static void matmul_int8_i8mm(const lmq_matmul_int8 *job, size_t panel_begin, size_t panel_end) {
  matmul_int8_with(job, panel_begin, panel_end, 6, lmq_tile_neon_i8mm, LMQ_PLAIN);
}

const lmq_kernels lmq_neon = LMQ_KERNELS("neon", matmul, matmul_int8);
const lmq_kernels lmq_neon_dotprod = LMQ_KERNELS("neon-dotprod", matmul, matmul_int8_dotprod);
const lmq_kernels lmq_neon_i8mm = LMQ_KERNELS("neon-i8mm", matmul, matmul_int8_i8mm);

#endif
