// What the inner loops of the matrix product share: the walk over a panel, with far prefetching.
#ifndef LMQ_KERNELS_TILE_H
#define LMQ_KERNELS_TILE_H

#include "internal.h"

enum {
  UNROLLED = 4,  // inputs of one round of the inner loop
  X_STRIDE = LMQ_BLOCK + 8,  // of copied inputs: not all rows of a column in one bank of the first cache
  AHEAD = 8192,  // bytes between use and prefetch: without, weights that come from memory take twice as long
};

/// The innermost work: `rows` rows of x with k inputs of a panel, each a chain of fused additions that begins
/// at 0, over ascending inputs.
typedef struct {
  int type;
  size_t rows, k;
  const float *x;    // rows X_STRIDE apart
  const char *w;     // (k, LMQ_PANEL) of `type`
  float *totals;     // (rows, LMQ_PANEL): grow by the chains
  const char *next;  // NULL, or the weights of the following call, to be fetched ahead
} lmq_tile;

LMQ_INLINE size_t element_bytes(int type) { return type == LMQ_F32 ? 4 : 2; }
/// Bytes of one input's weights in a panel.
LMQ_INLINE size_t panel_row(int type) { return LMQ_PANEL * element_bytes(type); }

/// Runs `step` for each input j of a tile. If the tile has a `next`, the weights AHEAD of the step are fetched,
/// those of `next` after the tile's own.
#define STEPS(type, tile, step) \
  { \
    const size_t k_ = (tile)->k; \
    const char *const w_ = (tile)->w, *const next_ = (tile)->next; \
    const size_t row_ = panel_row(type), ahead_ = AHEAD / row_; \
    const size_t within_ = k_ > ahead_ ? (k_ - ahead_) / UNROLLED * UNROLLED : 0; \
    size_t start_ = 0; \
    for (int part_ = 0; part_ < 2; part_++) { \
      const size_t end_ = part_ ? k_ : within_; \
      const uintptr_t fetch_ = part_ ? (uintptr_t)next_ - within_ * row_ : (uintptr_t)w_ + AHEAD; \
      for (; start_ + UNROLLED <= end_; start_ += UNROLLED) { \
        if (next_) \
          for (size_t line_ = 0; line_ < UNROLLED * row_; line_ += 64) \
            __builtin_prefetch((const void *)(fetch_ + start_ * row_ + line_)); \
        LMQ_UNROLL for (size_t round_ = 0; round_ < UNROLLED; round_++) { \
          const size_t j = start_ + round_; \
          step; \
        } \
      } \
    } \
    for (size_t j = start_; j < k_; j++) step; \
  }

/// Spells out a switch over the types, so that each has its own inner loop.
#define EACH_TYPE(type, statement) \
  switch (type) { \
  case LMQ_F32: statement(LMQ_F32) break; \
  case LMQ_F16: statement(LMQ_F16) break; \
  case LMQ_BF16: statement(LMQ_BF16) break; \
  }

#endif
