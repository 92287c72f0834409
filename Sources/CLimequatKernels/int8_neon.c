// Int8 products for aarch64: with NEON alone, with the dot product instructions, and with those for matrices.
#if defined(__aarch64__)

#include <arm_neon.h>

#include "tile.h"

/// A group of four codes of row i, in each quarter of a register.
LMQ_INLINE int8x16_t group(const lmq_tile *t, size_t i, size_t j) {
  return vreinterpretq_s8_s32(vdupq_n_s32(load_i32(unit_of(t, i, j))));
}
/// The codes of 16 / 4 outputs, `r` registers behind output `first`.
LMQ_INLINE int8x16_t weights(const lmq_tile *t, size_t first, size_t r, size_t j) {
  return vld1q_s8((const int8_t *)t->w + j * panel_row(LMQ_INT8) + first * 4 + r * 16);
}
LMQ_INLINE void add_total(const lmq_tile *t, size_t i, size_t output, int32x4_t sums) {
  int32_t *total = (int32_t *)t->totals + i * LMQ_PANEL + output;
  vst1q_s32(total, vaddq_s32(vld1q_s32(total), sums));
}

// MARK: NEON: products of 16 bits, of which two fit into a sum of 16 bits

LMQ_INLINE void neon_tile_of(size_t first, size_t rows, const lmq_tile *t) {
  int32x4_t s[3][4][2];  // of each four outputs the sums of codes 0, 1 and of codes 2, 3 side by side
  LMQ_UNROLL for (size_t i = 0; i < rows; i++)
    LMQ_UNROLL for (size_t r = 0; r < 4; r++) s[i][r][0] = s[i][r][1] = vdupq_n_s32(0);
  STEPS(t, first / LMQ_LANES, 2, {
    LMQ_UNROLL for (size_t r = 0; r < 4; r++) {
      int8x16_t b = weights(t, first, r, j);
      LMQ_UNROLL for (size_t i = 0; i < rows; i++) {
        int8x16_t a = group(t, i, j);
        s[i][r][0] = vpadalq_s16(s[i][r][0], vmull_s8(vget_low_s8(a), vget_low_s8(b)));
        s[i][r][1] = vpadalq_s16(s[i][r][1], vmull_high_s8(a, b));
      }
    }
  })
  LMQ_UNROLL for (size_t i = 0; i < rows; i++)
    LMQ_UNROLL for (size_t r = 0; r < 4; r++)
      add_total(t, i, first + r * 4, vpaddq_s32(s[i][r][0], s[i][r][1]));
}

void lmq_tile_neon(const lmq_tile *t) {
  clear_totals(t);
#define HALVES(n) \
  case n: \
    neon_tile_of(0, n, t); \
    neon_tile_of(LMQ_LANES, n, t); \
    break;
  switch (t->rows) { HALVES(1) HALVES(2) HALVES(3) }
#undef HALVES
}

// MARK: Dot product: four products and their sum in one

#pragma clang attribute push(__attribute__((target("dotprod"))), apply_to = function)

LMQ_INLINE void dotprod_tile_of(size_t width, size_t first, size_t rows, const lmq_tile *t) {
  int32x4_t s[6][8];
  LMQ_UNROLL for (size_t i = 0; i < rows; i++)
    LMQ_UNROLL for (size_t r = 0; r < width; r++) s[i][r] = vdupq_n_s32(0);
  STEPS(t, first / LMQ_LANES, 8 / width, {
    int8x16_t b[8];
    LMQ_UNROLL for (size_t r = 0; r < width; r++) b[r] = weights(t, first, r, j);
    LMQ_UNROLL for (size_t i = 0; i < rows; i++) {
      int8x16_t a = group(t, i, j);
      LMQ_UNROLL for (size_t r = 0; r < width; r++) s[i][r] = vdotq_s32(s[i][r], b[r], a);
    }
  })
  LMQ_UNROLL for (size_t i = 0; i < rows; i++)
    LMQ_UNROLL for (size_t r = 0; r < width; r++) add_total(t, i, first + r * 4, s[i][r]);
}

void lmq_tile_neon_dotprod(const lmq_tile *t) {
  clear_totals(t);
#define WHOLE(n) \
  case n: dotprod_tile_of(8, 0, n, t); break;
#define HALVES(n) \
  case n: \
    dotprod_tile_of(4, 0, n, t); \
    dotprod_tile_of(4, LMQ_LANES, n, t); \
    break;
  switch (t->rows) { WHOLE(1) WHOLE(2) HALVES(3) HALVES(4) HALVES(5) HALVES(6) }
#undef HALVES
#undef WHOLE
}

#pragma clang attribute pop

// MARK: Matrices: two rows of eight codes times two outputs of eight codes in one

#pragma clang attribute push(__attribute__((target("dotprod,i8mm"))), apply_to = function)

/// Eight codes of rows i and i + 1; of the last row alone, twice.
LMQ_INLINE int8x16_t two_rows(const lmq_tile *t, size_t i, size_t rows, size_t j) {
  size_t other = i + 1 < rows ? i + 1 : i;
  return vcombine_s8(vld1_s8((const int8_t *)unit_of(t, i, j)), vld1_s8((const int8_t *)unit_of(t, other, j)));
}

LMQ_INLINE void i8mm_tile_of(size_t first, size_t rows, const lmq_tile *t) {
  // Of each two rows and two outputs four sums: row 0 with both, row 1 with both.
  int32x4_t s[3][8];
  const size_t pairs = (rows + 1) / 2;
  LMQ_UNROLL for (size_t i = 0; i < pairs; i++)
    LMQ_UNROLL for (size_t r = 0; r < 8; r++) s[i][r] = vdupq_n_s32(0);
  // Two groups of inputs at once: a step does nothing for odd units, and the last of an odd number is below.
  STEPS(t, first / LMQ_LANES, 2, {
    if (j % 2 == 1) {
      int8x16_t a[3];
      LMQ_UNROLL for (size_t i = 0; i < pairs; i++) a[i] = two_rows(t, 2 * i, rows, j - 1);
      LMQ_UNROLL for (size_t r = 0; r < 4; r++) {
        int32x4_t even = vreinterpretq_s32_s8(weights(t, first, r, j - 1));
        int32x4_t odd = vreinterpretq_s32_s8(weights(t, first, r, j));
        int8x16_t low = vreinterpretq_s8_s32(vzip1q_s32(even, odd));
        int8x16_t high = vreinterpretq_s8_s32(vzip2q_s32(even, odd));
        LMQ_UNROLL for (size_t i = 0; i < pairs; i++) {
          s[i][2 * r] = vmmlaq_s32(s[i][2 * r], a[i], low);
          s[i][2 * r + 1] = vmmlaq_s32(s[i][2 * r + 1], a[i], high);
        }
      }
    }
  })
  LMQ_UNROLL for (size_t i = 0; i < pairs; i++)
    LMQ_UNROLL for (size_t r = 0; r < 4; r++) {
      int64x2_t low = vreinterpretq_s64_s32(s[i][2 * r]), high = vreinterpretq_s64_s32(s[i][2 * r + 1]);
      add_total(t, 2 * i, first + r * 4, vreinterpretq_s32_s64(vzip1q_s64(low, high)));
      if (2 * i + 1 < rows)
        add_total(t, 2 * i + 1, first + r * 4, vreinterpretq_s32_s64(vzip2q_s64(low, high)));
    }
  if (t->k % 2 == 1) {
    for (size_t i = 0; i < rows; i++)
      LMQ_UNROLL for (size_t r = 0; r < 4; r++)
        add_total(
            t, i, first + r * 4,
            vdotq_s32(vdupq_n_s32(0), weights(t, first, r, t->k - 1), group(t, i, t->k - 1)));
  }
}

void lmq_tile_neon_i8mm(const lmq_tile *t) {
  clear_totals(t);
#define HALVES(n) \
  case n: \
    i8mm_tile_of(0, n, t); \
    i8mm_tile_of(LMQ_LANES, n, t); \
    break;
  switch (t->rows) { HALVES(1) HALVES(2) HALVES(3) HALVES(4) HALVES(5) HALVES(6) }
#undef HALVES
}

#pragma clang attribute pop
#endif
