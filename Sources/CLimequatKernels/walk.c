// The way of a matrix product through its panels, the same for all tables.
//
// A panel's weights of one block of inputs stay in the nearest caches while all tiles of a band of rows use
// them. Inputs are read where they lie, or copied, if that is of use: all at once, or those of a block for a
// group of panels.

#include "walk.h"

enum {
  BAND_ROWS = 48,
  MOST_BAND_ROWS = 96,  // of LMQ_SPLIT codes
  GROUP_PANELS = 8,
  WIDE_GROUP_PANELS = 32,
  PAIRED_BLOCK = 96,            // units at most: 12 KB of a panel, and room for bands of 50 rows
  TOTAL_BYTES = LMQ_PANEL * 4,  // of a row of a panel
  // Totals of a group, and a block of copied inputs with a row more.
  SCRATCH_BYTES = GROUP_PANELS * BAND_ROWS * TOTAL_BYTES + (BAND_ROWS + 1) * (LMQ_BLOCK / 16 + 1) * 64,
};

_Static_assert(LMQ_BLOCK / 16 % 2 == 0, "rows of a block are as many bytes as SCRATCH_BYTES counts");
_Static_assert(PAIRED_BLOCK % 2 == 0 && PAIRED_BLOCK <= LMQ_BLOCK, "blocks of whole pairs");

/// `count` parts of nearly equal size; the first `larger` have one more than `size`.
typedef struct { size_t count, size, larger; } parts;

LMQ_INLINE parts split(size_t whole, size_t limit) {
  size_t count = (whole + limit - 1) / limit;
  return (parts){count, whole / count, whole % count};
}
LMQ_INLINE size_t part_size(parts p, size_t index) { return p.size + (index < p.larger); }

/// Bytes between copied rows of so many units; not all rows of a column are in one bank of the first cache.
LMQ_INLINE size_t copied_bytes(size_t units) { return ((units + 15) / 16 | 1) * 64; }

/// Bytes between the planes of so many rows and one more. From two places in one page the processor would not
/// fetch ahead well.
LMQ_INLINE size_t plane_of(size_t rows, size_t x_bytes) {
  const size_t bytes = (rows + 1) * x_bytes, page = 4096;
  return bytes > page ? bytes : page + 64;
}

#if defined(__aarch64__)
int32_t lmq_copy_signed(const char *units, size_t bytes, char *x, size_t plane, char *largest) {
  (void)plane, (void)largest;
  for (size_t j = 0; j < bytes; j++) x[j] = (char)(units[j] ^ 0x80);
  return 0;
}
#endif

static int32_t copy_plain(const char *units, size_t bytes, char *x, size_t plane, char *largest) {
  (void)plane, (void)largest;
  memcpy(x, units, bytes);
  return 0;
}

/// How the inputs of a product are copied; NULL: not at all. Rows that lie a multiple of 2 KB apart share so
/// few places in the first cache that more than four would push each other out of it.
static lmq_copy_function *copying(const lmq_walk *walk) {
  if (walk->copy) return walk->copy;
  return walk->x_rows || (walk->m > 4 && walk->x_bytes % 2048 == 0) ? copy_plain : NULL;
}

typedef struct {
  int32_t negatives[MOST_BAND_ROWS];  // of each row what LMQ_SPLIT codes lack
  // Totals of one panel or, from block to block, of a group; behind them copied inputs.
  _Alignas(64) char bytes[SCRATCH_BYTES];
} scratch;

/// How a product is cut.
typedef struct {
  lmq_copy_function *copy;      // NULL: inputs are read where they lie
  size_t block;                 // units at most
  size_t tile_rows, band_rows;  // at most
  const char *x;                // where inputs lie that are not copied
  size_t x_bytes;               // between rows as the tile reads them
  size_t plane;                 // bytes between the planes of LMQ_SPLIT codes
  size_t x_place;               // of copied inputs in the scratch
} cuts;

/// Units of a block at most. Integers may be added up in any order; only the last block may have an odd one.
static size_t block_of(const lmq_walk *walk, bool copies) {
  if (walk->codes == LMQ_SPLIT && walk->m >= LMQ_PAIRED_ROWS && walk->k > LMQ_BLOCK) {
    const size_t blocks = (walk->k + PAIRED_BLOCK - 1) / PAIRED_BLOCK, pairs = (walk->k + 1) / 2;
    return (pairs + blocks - 1) / blocks * 2;
  }
  return walk->type == LMQ_INT8 && walk->is_wide && !copies ? 4 * LMQ_BLOCK : LMQ_BLOCK;
}

static cuts cut(const lmq_walk *walk) {
  cuts c = {
      .copy = copying(walk), .tile_rows = walk->tile_rows, .band_rows = BAND_ROWS, .x = walk->x};
  c.block = block_of(walk, c.copy);
  c.x_bytes = c.copy ? copied_bytes(lmq_min(walk->k, c.block)) : walk->x_bytes;
  const size_t kept_bytes = (walk->k > c.block ? GROUP_PANELS : 1) * TOTAL_BYTES;
  if (walk->codes == LMQ_SPLIT) {
    // As many as there is room for, since pairs are looked for in each band.
    const size_t rows = (SCRATCH_BYTES - 2 * c.x_bytes) / (2 * c.x_bytes + kept_bytes);
    c.tile_rows = c.band_rows = lmq_min(lmq_min(rows, MOST_BAND_ROWS), walk->m);
    c.plane = plane_of(c.band_rows, c.x_bytes);
  }
  c.x_place = c.band_rows * kept_bytes;
  return c;
}

/// Copies k units of rows, from unit `start` on; of LMQ_SPLIT codes there is a row of the largest behind.
static void copy_rows(
    const lmq_walk *walk, const cuts *c, size_t first, size_t rows, size_t start, size_t k, scratch *to) {
  char *const x = to->bytes + c->x_place, *const largest = x + rows * c->x_bytes;
  if (walk->codes == LMQ_SPLIT) memset(largest, 0, c->x_bytes);
  for (size_t i = 0; i < rows; i++) {
    const size_t row = walk->x_rows ? walk->x_rows[first + i] : first + i;
    const char *units = walk->x + row * walk->x_bytes + start * 4;
    int32_t negatives = c->copy(units, k * 4, x + i * c->x_bytes, c->plane, largest);
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
    const lmq_walk *walk, const cuts *c, scratch *to, band b, parts tiles, size_t panel, size_t group) {
  const size_t row_bytes = panel_row(walk->type), panel_bytes = walk->k * row_bytes;
  size_t start = 0;
  do {  // at least once, since no inputs have sums, too
    size_t k = lmq_min(c->block, walk->k - start);
    bool last = start + k == walk->k;
    if (c->copy) copy_rows(walk, c, b.row, b.rows, start, k, to);
    const char *x = c->copy ? to->bytes + c->x_place : c->x + b.row * c->x_bytes + start * 4;
    for (size_t p = 0; p < group; p++) {
      const char *w = walk->panels + (panel + p) * panel_bytes + start * row_bytes, *end = w + k * row_bytes;
      // The same inputs of the next panel; after the last, the next inputs of the first.
      const char *after = p + 1 < group ? w + panel_bytes : end;
      if (p + 1 == group && !last) after -= p * panel_bytes;
      if (group == 1 && walk->m <= walk->tile_rows) after = w + ahead_of(walk);
      // Totals of one block are used up at once, so that all panels can share a place in the first cache.
      char *total = to->bytes + (walk->k > c->block ? p : 0) * c->band_rows * TOTAL_BYTES;
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
            .type = walk->type, .rows = size, .k = k, .x = x + at * c->x_bytes, .x_bytes = c->x_bytes,
            .plane = c->plane, .w = w, .totals = total + at * TOTAL_BYTES, .is_first = start == 0,
            .next = t < fetching ? after + t * next_bytes * k : NULL, .next_bytes = next_bytes});
      }
      if (last)
        walk->finish(&(lmq_finish){
            .job = walk->job, .row = b.row, .rows = b.rows, .panel = panel + p, .totals = total,
            .negatives = to->negatives});
    }
    start += k;
  } while (start < walk->k);
}

void lmq_walk_panels(const lmq_walk *walk, size_t panel_begin, size_t panel_end) {
  if (walk->m == 0) return;
  cuts c = cut(walk);
  // Tiles of nearly equal size: a small last one would waste loads of weights.
  const parts tiles = split(walk->m, c.tile_rows), bands = split(tiles.count, c.band_rows / c.tile_rows);
  scratch to;
  memset(to.negatives, 0, sizeof to.negatives);
  const size_t x_bytes = copied_bytes(walk->k), plane = plane_of(walk->m, x_bytes);
  const size_t bytes = walk->codes == LMQ_SPLIT ? 2 * plane : walk->m * x_bytes;
  if (c.copy && bands.count == 1 && bytes <= SCRATCH_BYTES - c.x_place) {
    c.x = to.bytes + c.x_place, c.x_bytes = x_bytes, c.plane = plane;
    copy_rows(walk, &c, 0, walk->m, 0, walk->k, &to);
    c.copy = NULL, c.block = block_of(walk, false);
  }
  // Weights that only one step of a tile uses are read front to back. Copies are of use for more panels where
  // totals of a group need not be kept.
  size_t most = c.copy && walk->k <= c.block ? WIDE_GROUP_PANELS : GROUP_PANELS;
  if (!c.copy && walk->m <= walk->tile_rows) most = 1;
  for (size_t panel = panel_begin, group; panel < panel_end; panel += group) {
    group = lmq_min(most, panel_end - panel);
    band b = {0};
    for (size_t i = 0; i < bands.count; i++, b.row += b.rows, b.first += b.count) {
      b.count = part_size(bands, i);
      b.rows = b.count * tiles.size + (b.first < tiles.larger ? lmq_min(b.count, tiles.larger - b.first) : 0);
      walk_band(walk, &c, &to, b, tiles, panel, group);
    }
  }
}
