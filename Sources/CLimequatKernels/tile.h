// What the inner loops of the matrix product share: the walk over a panel, with far prefetching.
#ifndef LMQ_KERNELS_TILE_H
#define LMQ_KERNELS_TILE_H

#include "internal.h"

enum {
  UNROLLED = 4,  // inputs of one round of the inner loop
  X_STRIDE = LMQ_BLOCK + 8,  // of copied inputs: not all rows of a column in one bank of the first cache
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

/// Runs `step` for each input j of a tile. If the tile has a `next`, each of `parts` such runs fetches a part of
/// its weights: a whole block ahead and evenly, since experts come from memory, which must not idle.
#define STEPS(type, tile, part, parts, step) \
  { \
    const size_t k_ = (tile)->k, row_ = panel_row(type) / (parts); \
    const char *const fetch_ = (tile)->next ? (tile)->next + (part) * row_ * k_ : NULL; \
    size_t start_ = 0; \
    for (; start_ + UNROLLED <= k_; start_ += UNROLLED) { \
      if (fetch_) \
        for (size_t line_ = 0; line_ < UNROLLED * row_; line_ += 64) \
          __builtin_prefetch(fetch_ + start_ * row_ + line_, 0, 2); \
      LMQ_UNROLL for (size_t round_ = 0; round_ < UNROLLED; round_++) { \
        const size_t j = start_ + round_; \
        step; \
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
