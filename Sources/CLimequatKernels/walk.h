// The way of a matrix product through its panels, around a table's inner loop (walk.c).
#ifndef LMQ_KERNELS_WALK_H
#define LMQ_KERNELS_WALK_H

#include "tile.h"

/// Copies inputs of a row as a tile takes them; answers what LMQ_SPLIT codes lack. These have a second plane and
/// make each of `largest` as large as theirs. May write up to the next multiple of 32 bytes.
typedef int32_t lmq_copy_function(const char *units, size_t bytes, char *x, size_t plane, char *largest);

/// Tells `finish` of which totals it makes results: those (rows, LMQ_PANEL) of one panel with the rows from
/// `row` on.
typedef struct {
  const void *job;
  size_t row, rows, panel;
  void *totals;              // may be written over
  const int32_t *negatives;  // for each row what LMQ_SPLIT codes lack
} lmq_finish;

typedef struct {
  const char *x;
  size_t x_bytes;          // between rows
  const uint32_t *x_rows;  // NULL, or the number of each row
  const char *panels;
  const char *y;           // where results will go, to be fetched meanwhile
  size_t y_bytes;          // between rows
  size_t m, k;             // k in units
  int type;
  lmq_codes codes;         // how the tile takes x
  size_t tile_rows;        // at most, a divisor of 48; of LMQ_SPLIT codes those of a step of a tile
  bool is_wide;            // the tile takes whole panels whatever the rows, and few rows much faster than memory
                           // gives weights
  lmq_tile_function *tile;
  lmq_copy_function *copy;  // NULL: the tile takes inputs as they are
  const void *job;
  void (*finish)(const lmq_finish *finish);
} lmq_walk;

#pragma GCC visibility push(hidden)
#if defined(__x86_64__)
lmq_copy_function lmq_copy_split;
#elif defined(__aarch64__)
lmq_copy_function lmq_copy_signed;
#endif

/// Panels [panel_begin, panel_end).
void lmq_walk_panels(const lmq_walk *walk, size_t panel_begin, size_t panel_end);
#pragma GCC visibility pop

#endif
