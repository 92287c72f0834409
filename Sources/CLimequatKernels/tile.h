// What the inner loops of the matrix product share: the walk over a panel, with far prefetching.
#ifndef LMQ_KERNELS_TILE_H
#define LMQ_KERNELS_TILE_H

#include "internal.h"

enum {
  UNROLLED = 4,  // inputs of one round of the inner loop
  AHEAD = 8192,  // bytes between use and prefetch: from memory, an expert's first pass runs at half speed without
};

LMQ_INLINE size_t element_bytes(int type) { return type == LMQ_F32 ? 4 : 2; }
/// Bytes of one input's weights in a panel.
LMQ_INLINE size_t panel_row(int type) { return LMQ_PANEL * element_bytes(type); }

/// Runs `step` for each input j of 0..<k. If `next` is not NULL the weights AHEAD of `w` are fetched, those
/// at `next` after the last of `w`.
#define STEPS(type, k, w, next, step) \
  { \
    const size_t row_ = panel_row(type), ahead_ = AHEAD / row_; \
    const size_t within_ = k > ahead_ ? (k - ahead_) / UNROLLED * UNROLLED : 0; \
    size_t start_ = 0; \
    for (int part_ = 0; part_ < 2; part_++) { \
      const size_t end_ = part_ ? k : within_; \
      const uintptr_t fetch_ = part_ ? (uintptr_t)next - within_ * row_ : (uintptr_t)w + AHEAD; \
      for (; start_ + UNROLLED <= end_; start_ += UNROLLED) { \
        if (next) \
          for (size_t line_ = 0; line_ < UNROLLED * row_; line_ += 64) \
            __builtin_prefetch((const void *)(fetch_ + start_ * row_ + line_)); \
        for (size_t j = start_; j < start_ + UNROLLED; j++) step; \
      } \
    } \
    for (size_t j = start_; j < k; j++) step; \
  }

/// Spells out a switch over the types, so that each has its own inner loop.
#define EACH_TYPE(type, statement) \
  switch (type) { \
  case LMQ_F32: statement(LMQ_F32) break; \
  case LMQ_F16: statement(LMQ_F16) break; \
  case LMQ_BF16: statement(LMQ_BF16) break; \
  }

#endif
