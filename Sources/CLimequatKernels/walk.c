// The way of a matrix product through its panels, the same for all tables.
//
// A band of rows has its inputs copied once for GROUP_PANELS panels; a panel's weights of one block of inputs
// stay in the second cache while all tiles of the band use them.

#include "walk.h"

enum { BAND_ROWS = 48, GROUP_PANELS = 8 };

/// `count` parts of nearly equal size; the first `larger` have one more than `size`.
typedef struct { size_t count, size, larger; } parts;

LMQ_INLINE parts split(size_t whole, size_t limit) {
  size_t count = (whole + limit - 1) / limit;
  return (parts){count, whole / count, whole % count};
}
LMQ_INLINE size_t part_size(parts p, size_t index) { return p.size + (index < p.larger); }

int32_t lmq_copy_plain(const char *units, size_t bytes, char *x) {
  memcpy(x, units, bytes);
  return 0;
}

/// A band: `rows` rows from `row` on, cut into `count` of the tiles, the first being tile `first`.
typedef struct { size_t row, rows, first, count; } band;

/// The products of a band with the panels [panel, panel + group).
static void walk_band(const lmq_walk *walk, band b, parts tiles, size_t panel, size_t group) {
  _Alignas(64) char x[BAND_ROWS * X_STRIDE * 4];
  _Alignas(64) char totals[GROUP_PANELS][BAND_ROWS * LMQ_PANEL * 4];
  int32_t negatives[BAND_ROWS] = {0};
  const size_t row_bytes = panel_row(walk->type), panel_bytes = walk->k * row_bytes;
  for (size_t p = 0; p < group; p++) memset(totals[p], 0, b.rows * LMQ_PANEL * 4);
  size_t start = 0;
  do {  // at least once, since no inputs have sums, too
    size_t k = lmq_min(LMQ_BLOCK, walk->k - start);
    bool last = start + k == walk->k;
    for (size_t i = 0; i < b.rows; i++) {
      size_t row = walk->x_rows ? walk->x_rows[b.row + i] : b.row + i;
      negatives[i] += walk->copy(walk->x + row * walk->x_bytes + start * 4, k * 4, x + i * X_STRIDE * 4);
    }
    for (size_t p = 0; p < group; p++) {
      const char *w = walk->panels + (panel + p) * panel_bytes + start * row_bytes, *end = w + k * row_bytes;
      // The same inputs of the next panel; after the last, the next inputs of the first.
      const char *after = p + 1 < group ? w + panel_bytes : end;
      if (p + 1 == group && !last) after -= p * panel_bytes;
      for (size_t t = 0, at = 0, size; t < b.count; t++, at += size) {
        size = part_size(tiles, b.first + t);
        for (size_t i = 0; last && i < size; i++) {
          const char *y = walk->y + (b.row + at + i) * walk->y_bytes + (panel + p) * LMQ_PANEL * 4;
          __builtin_prefetch(y, 1);
          __builtin_prefetch(y + 64, 1);
        }
        walk->tile(&(lmq_tile){
            .type = walk->type, .rows = size, .k = k, .x = x + at * X_STRIDE * 4, .w = w,
            .totals = totals[p] + at * LMQ_PANEL * 4, .next = t == 0 ? after : NULL});
      }
      if (last)
        walk->finish(&(lmq_finish){
            .job = walk->job, .row = b.row, .rows = b.rows, .panel = panel + p, .totals = totals[p],
            .negatives = negatives});
    }
    start += k;
  } while (start < walk->k);
}

void lmq_walk_panels(const lmq_walk *walk, size_t panel_begin, size_t panel_end) {
  if (walk->m == 0) return;
  // Tiles of nearly equal size: a small last one would waste loads of weights.
  const parts tiles = split(walk->m, walk->tile_rows);
  const size_t band_rows = walk->codes == LMQ_SPLIT ? BAND_ROWS / 2 : BAND_ROWS;  // its codes take two planes
  const parts bands = split(tiles.count, band_rows / walk->tile_rows);
  for (size_t panel = panel_begin, group; panel < panel_end; panel += group) {
    group = lmq_min(GROUP_PANELS, panel_end - panel);
    band b = {0};
    for (size_t i = 0; i < bands.count; i++, b.row += b.rows, b.first += b.count) {
      b.count = part_size(bands, i);
      b.rows = b.count * tiles.size + (b.first < tiles.larger ? lmq_min(b.count, tiles.larger - b.first) : 0);
      walk_band(walk, b, tiles, panel, group);
    }
  }
}
