// The way of a matrix product through its panels, the same for all tables.
//
// A panel's weights of one block of inputs stay in the second cache while all tiles of a band of rows use
// them. Inputs are read where they lie, or copied, if that is of use: all at once, or those of a block for a
// group of panels.

#include "walk.h"

enum { BAND_ROWS = 48, GROUP_PANELS = 8, WIDE_GROUP_PANELS = 32 };

_Static_assert(X_STRIDE * 4 % 32 == 0 && LMQ_BLOCK * 4 % 32 == 0, "whole registers can be copied");
_Static_assert(2 * SECOND_PLANE == BAND_ROWS * X_STRIDE * 4, "half a band of split codes has two planes");

/// `count` parts of nearly equal size; the first `larger` have one more than `size`.
typedef struct { size_t count, size, larger; } parts;

LMQ_INLINE parts split(size_t whole, size_t limit) {
  size_t count = (whole + limit - 1) / limit;
  return (parts){count, whole / count, whole % count};
}
LMQ_INLINE size_t part_size(parts p, size_t index) { return p.size + (index < p.larger); }

#if defined(__aarch64__)
int32_t lmq_copy_signed(const char *units, size_t bytes, char *x) {
  for (size_t j = 0; j < bytes; j++) x[j] = (char)(units[j] ^ 0x80);
  return 0;
}
#endif

static int32_t copy_plain(const char *units, size_t bytes, char *x) {
  memcpy(x, units, bytes);
  return 0;
}

/// How the inputs of a product are copied; NULL: not at all. Rows that lie a multiple of 2 KB apart share so
/// few places in the first cache that more than four would push each other out of it.
static lmq_copy_function *copying(const lmq_walk *walk) {
  if (walk->copy) return walk->copy;
  return walk->x_rows || (walk->m > 4 && walk->x_bytes % 2048 == 0) ? copy_plain : NULL;
}

/// Copied inputs, and for each row what LMQ_SPLIT codes lack.
typedef struct {
  _Alignas(64) char x[BAND_ROWS * X_STRIDE * 4];
  int32_t negatives[BAND_ROWS];
} copies;

static void copy_rows(
    const lmq_walk *walk, lmq_copy_function *copy, size_t first, size_t rows, size_t start, size_t k,
    size_t x_bytes, copies *to) {
  for (size_t i = 0; i < rows; i++) {
    size_t row = walk->x_rows ? walk->x_rows[first + i] : first + i;
    int32_t negatives = copy(walk->x + row * walk->x_bytes + start * 4, k * 4, to->x + i * x_bytes);
    to->negatives[i] = (start > 0 ? to->negatives[i] : 0) + negatives;
  }
}

/// Bytes from the weights of a single tile to those that are fetched meanwhile. With few rows the processor
/// fetches ahead by itself, and asking for much more than memory gives only makes it slower; wide tiles have few
/// rows up to three, others take longer over each. All distances are measured.
static size_t ahead_of(const lmq_walk *walk) {
  if (walk->is_wide) return (walk->m <= 3 ? 2 : 32) << 10;
  return (walk->m == 1 ? 4 : 32) << 10;
}

/// A band: `rows` rows from `row` on, cut into `count` of the tiles, the first being tile `first`.
typedef struct { size_t row, rows, first, count; } band;

/// The products of a band with the panels [panel, panel + group).
static void walk_band(
    const lmq_walk *walk, lmq_copy_function *copy, copies *copied, band b, parts tiles, size_t panel,
    size_t group) {
  _Alignas(64) char totals[GROUP_PANELS][BAND_ROWS * LMQ_PANEL * 4];
  const size_t row_bytes = panel_row(walk->type), panel_bytes = walk->k * row_bytes;
  // Integers may be added up in any order.
  const size_t block = walk->type == LMQ_INT8 && walk->is_wide && !copy ? 4 * LMQ_BLOCK : LMQ_BLOCK;
  const size_t x_bytes = copy ? X_STRIDE * 4 : walk->x_bytes;
  size_t start = 0;
  do {  // at least once, since no inputs have sums, too
    size_t k = lmq_min(block, walk->k - start);
    bool last = start + k == walk->k;
    if (copy) copy_rows(walk, copy, b.row, b.rows, start, k, x_bytes, copied);
    const char *x = copy ? copied->x : walk->x + b.row * walk->x_bytes + start * 4;
    for (size_t p = 0; p < group; p++) {
      const char *w = walk->panels + (panel + p) * panel_bytes + start * row_bytes, *end = w + k * row_bytes;
      // The same inputs of the next panel; after the last, the next inputs of the first.
      const char *after = p + 1 < group ? w + panel_bytes : end;
      if (p + 1 == group && !last) after -= p * panel_bytes;
      if (group == 1 && b.count == 1) after = w + ahead_of(walk);
      // Totals of one block are used up at once, so that all panels can share a place in the first cache.
      char *total = totals[walk->k > block ? p : 0];
      // Memory has the time of two tiles, which is enough.
      const size_t fetching = lmq_min(b.count, 2), next_bytes = row_bytes / fetching;
      for (size_t t = 0, at = 0, size; t < b.count; t++, at += size) {
        size = part_size(tiles, b.first + t);
        for (size_t i = 0; last && i < size; i++) {
          const char *y = walk->y + (b.row + at + i) * walk->y_bytes + (panel + p) * LMQ_PANEL * 4;
          __builtin_prefetch(y, 1);
          __builtin_prefetch(y + 64, 1);
        }
        walk->tile(&(lmq_tile){
            .type = walk->type, .rows = size, .k = k, .x = x + at * x_bytes, .x_bytes = x_bytes, .w = w,
            .totals = total + at * LMQ_PANEL * 4, .is_first = start == 0,
            .next = t < fetching ? after + t * next_bytes * k : NULL, .next_bytes = next_bytes});
      }
      if (last)
        walk->finish(&(lmq_finish){
            .job = walk->job, .row = b.row, .rows = b.rows, .panel = panel + p, .totals = total,
            .negatives = copied->negatives});
    }
    start += k;
  } while (start < walk->k);
}

void lmq_walk_panels(const lmq_walk *walk, size_t panel_begin, size_t panel_end) {
  if (walk->m == 0) return;
  // Tiles of nearly equal size: a small last one would waste loads of weights.
  const parts tiles = split(walk->m, walk->tile_rows);
  const size_t planes = walk->codes == LMQ_SPLIT ? 2 : 1;
  const parts bands = split(tiles.count, BAND_ROWS / planes / walk->tile_rows);
  copies copied;
  memset(copied.negatives, 0, sizeof copied.negatives);
  lmq_copy_function *copy = copying(walk);
  lmq_walk near = *walk;
  const size_t x_bytes = ((walk->k + 15) / 16 | 1) * 64;
  if (copy && bands.count == 1 && walk->m * x_bytes <= sizeof copied.x / planes) {
    copy_rows(walk, copy, 0, walk->m, 0, walk->k, x_bytes, &copied);
    near.x = copied.x, near.x_bytes = x_bytes;
    copy = NULL;
  }
  // Weights that only one tile uses are read front to back. Copies are of use for more panels where totals of a
  // group need not be kept.
  const size_t most =
      tiles.count == 1 && !copy ? 1 : copy && walk->k <= LMQ_BLOCK ? WIDE_GROUP_PANELS : GROUP_PANELS;
  for (size_t panel = panel_begin, group; panel < panel_end; panel += group) {
    group = lmq_min(most, panel_end - panel);
    band b = {0};
    for (size_t i = 0; i < bands.count; i++, b.row += b.rows, b.first += b.count) {
      b.count = part_size(bands, i);
      b.rows = b.count * tiles.size + (b.first < tiles.larger ? lmq_min(b.count, tiles.larger - b.first) : 0);
      walk_band(&near, copy, &copied, b, tiles, panel, group);
    }
  }
}
