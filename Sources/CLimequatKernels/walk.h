// The way of a matrix product through its panels, around a table's inner loop (walk.c).
#ifndef LMQ_KERNELS_WALK_H
#define LMQ_KERNELS_WALK_H

#include "tile.h"

/// How inputs of a block are copied, the same for all rows of a band.
typedef struct {
  lmq_codes codes;
  size_t plane;           // bytes between the planes of split codes
  const int32_t *limits;  // of codes in groups: those of the block
  lmq_strays *strays;
} lmq_copying;

/// Copies `bytes` of inputs of a row as a tile takes them, and of codes in groups lists the strays of row `row`
/// of a band. Answers what split codes lack. May write up to the next multiple of 32 bytes, and two units.
typedef int32_t lmq_copy_function(
    const lmq_copying *how, const char *units, size_t bytes, int32_t offset, char *x, size_t row);

/// Tells `finish` of which totals it makes results: those (rows, LMQ_PANEL) of one panel with the rows from
/// `row` on.
typedef struct {
  const void *job;
  size_t row, rows, panel;
  void *totals;              // may be written over
  const int32_t *negatives;  // for each row what split codes lack
} lmq_finish;

typedef struct {
  const char *x;
  size_t x_bytes;          // between rows
  const uint32_t *x_rows;  // NULL, or the number of each row
  const int32_t *x_offsets;  // NULL, or one for each row of x
  const int32_t *limits;   // of codes in groups
  const char *panels;
  const char *y;           // where results will go, to be fetched meanwhile
  size_t y_bytes;          // between rows
  size_t m, k;             // k in units
  int type;
  lmq_codes codes;         // how the tile takes x
  size_t tile_rows;        // at most, a divisor of 48; where a tile takes bands, rows for which weights are read
                           // front to back
  bool is_wide;            // the tile takes whole panels whatever the rows, and few rows much faster than memory
                           // gives weights
  size_t alone_rows;       // of up to so many, whose tile reads weights front to back, the processor fetches
                           // these faster by itself than when it is asked to, as measured (Zen 4); not so if
                           // it fetches on request
  lmq_tile_function *tile;
  lmq_copy_function *copy;  // NULL: the tile takes inputs as they are
  const void *job;
  void (*finish)(const lmq_finish *finish);
} lmq_walk;

#pragma GCC visibility push(hidden)
/// Whether this processor fetches weights that are read front to back faster if it is asked for all of them.
/// Intel's do, as measured (Emerald Rapids). Set as a table is found.
extern _Atomic bool lmq_fetches_on_request;

#if defined(__x86_64__)
lmq_copy_function lmq_copy_avx2;
void lmq_limit_avx2(const void *panels, size_t k, size_t n, int32_t *limits);
lmq_codes lmq_codes_avx2(const lmq_matmul_int8 *job);
#elif defined(__aarch64__)
lmq_copy_function lmq_copy_signed;
#endif

/// Panels [panel_begin, panel_end).
void lmq_walk_panels(const lmq_walk *walk, size_t panel_begin, size_t panel_end);
#pragma GCC visibility pop

#endif
