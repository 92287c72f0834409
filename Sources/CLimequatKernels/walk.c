// The way of a matrix product through its panels, the same for all tables.
//
// A panel's weights of one block of inputs stay in the nearest caches while all tiles of a band of rows use
// them. Inputs are read where they lie, or copied, if that is of use: all at once, or those of a block for a
// group of panels.

#include "walk.h"

// Small before fast: the time is spent in what it calls.
#pragma clang attribute push(__attribute__((minsize)), apply_to = function)

enum {
  BAND_ROWS = 48,
  GROUP_PANELS = 8,
  WIDE_GROUP_PANELS = 32,
  FEW_ROWS = 12,                // whose totals have room for such a group
  BLOCK_OF_GROUPS = 126,        // units at most; 16 KB of a panel
  TOTAL_BYTES = LMQ_PANEL * 4,  // of a row of a panel
  // Totals of a group, and a block of copied inputs with a row more.
  SCRATCH_BYTES = GROUP_PANELS * BAND_ROWS * TOTAL_BYTES + (BAND_ROWS + 1) * (LMQ_BLOCK / 16 + 1) * 64,
};

_Static_assert(LMQ_BLOCK / 16 % 2 == 0, "rows of a block are as many bytes as SCRATCH_BYTES counts");
_Static_assert(LMQ_GROUPED_UNITS <= UINT8_MAX, "strays have units in a byte");
_Static_assert(2 * LMQ_GROUPED_UNITS <= LMQ_STRAYS, "there is room for those of a row");

/// `count` parts of nearly equal size; the first `larger` have one more than `size`.
typedef struct { size_t count, size, larger; } parts;

LMQ_INLINE parts split(size_t whole, size_t limit) {
  size_t count = (whole + limit - 1) / limit;
  return (parts){count, whole / count, whole % count};
}
LMQ_INLINE size_t part_size(parts p, size_t index) { return p.size + (index < p.larger); }

/// Bytes between copied rows of so many units, and two more. Not all rows of a column are in one bank of the
/// first cache.
LMQ_INLINE size_t copied_bytes(size_t units) { return ((units + 2 + 15) / 16 | 1) * 64; }

/// Bytes between the planes of so many rows and one more. From two places in one page the processor would not
/// fetch ahead well.
LMQ_INLINE size_t plane_of(size_t rows, size_t x_bytes) {
  const size_t bytes = (rows + 1) * x_bytes, page = 4096;
  return bytes > page ? bytes : page + 64;
}

#if defined(__aarch64__)
int32_t lmq_copy_signed(
    const lmq_copying *how, const char *units, size_t bytes, int32_t offset, char *x, size_t row) {
  (void)how, (void)offset, (void)row;
  for (size_t j = 0; j < bytes; j++) x[j] = (char)(units[j] ^ 0x80);
  return 0;
}
#endif

static int32_t copy_plain(
    const lmq_copying *how, const char *units, size_t bytes, int32_t offset, char *x, size_t row) {
  (void)how, (void)offset, (void)row;
  memcpy(x, units, bytes);
  return 0;
}

/// How the inputs of a product are copied; NULL: not at all. Rows that lie a multiple of 2 KB apart share so
/// few places in the first cache that more than four would push each other out of it.
static lmq_copy_function *copier(const lmq_walk *walk) {
  if (walk->copy) return walk->copy;
  return walk->x_rows || (walk->m > 4 && walk->x_bytes % 2048 == 0) ? copy_plain : NULL;
}

typedef struct {
  int32_t negatives[LMQ_BAND];  // of each row what split codes lack
  lmq_strays strays;
  // Totals of one panel or, from block to block, of a group; behind them copied inputs.
  _Alignas(64) char bytes[SCRATCH_BYTES];
} scratch;

/// How a product is cut.
typedef struct {
  lmq_copy_function *copy;      // NULL: inputs are read where they lie
  size_t block;                 // units at most
  size_t panels;                // of a group at most
  size_t tile_rows, band_rows;  // at most
  const char *x;                // where inputs lie that are not copied
  size_t x_bytes;               // between rows as the tile reads them
  size_t plane;                 // bytes between the planes of split codes
  size_t x_place;               // of copied inputs in the scratch
} cuts;

/// Units of a block at most. Integers may be added up in any order; only the last block may have a group that is
/// not whole.
static size_t block_of(const lmq_walk *walk, bool copies) {
  const size_t group = group_of(walk->codes);
  if (group > 1 && walk->k > 0) {
    // Nearly equal blocks.
    const size_t most = walk->k <= LMQ_GROUPED_UNITS ? LMQ_GROUPED_UNITS : BLOCK_OF_GROUPS;
    const size_t blocks = (walk->k + most - 1) / most, groups = (walk->k + group - 1) / group;
    return (groups + blocks - 1) / blocks * group;
  }
  return walk->type == LMQ_INT8 && walk->is_wide && !copies ? 4 * LMQ_BLOCK : LMQ_BLOCK;
}

static cuts cut(const lmq_walk *walk) {
  const bool in_bands = takes_bands(walk->codes), few = in_bands && walk->m <= FEW_ROWS;
  cuts c = {
      .copy = copier(walk), .tile_rows = walk->tile_rows, .band_rows = BAND_ROWS, .x = walk->x};
  c.block = block_of(walk, c.copy);
  c.x_bytes = c.copy ? copied_bytes(lmq_min(walk->k, c.block)) : walk->x_bytes;
  // Copies are of use for more panels where totals need not be kept; finding strays takes its time, too.
  if (c.copy && (walk->k <= c.block || few)) c.panels = WIDE_GROUP_PANELS;
  else c.panels = group_of(walk->codes) > 1 ? 2 * GROUP_PANELS : GROUP_PANELS;
  const size_t kept_bytes = (walk->k > c.block ? c.panels : 1) * TOTAL_BYTES;
  if (in_bands) {
    const size_t planes = is_split(walk->codes) ? 2 : 1;
    const size_t rows = (SCRATCH_BYTES - planes * c.x_bytes) / (planes * c.x_bytes + kept_bytes);
    c.tile_rows = c.band_rows = lmq_min(lmq_min(rows, LMQ_BAND), walk->m);
    c.plane = plane_of(c.band_rows, c.x_bytes);
  }
  c.x_place = c.band_rows * kept_bytes;
  return c;
}

/// Copies k units of rows, from unit `start` on, as far as there is room for their strays: answers the rows.
static size_t copy_rows(
    const lmq_walk *walk, const cuts *c, size_t first, size_t rows, size_t start, size_t k, scratch *to,
    int32_t *negatives) {
  char *const x = to->bytes + c->x_place;
  lmq_strays *const strays = &to->strays;
  const size_t group = group_of(walk->codes), most = group > 1 ? 2 * k : 0;  // of a row
  const lmq_copying how = {
      .codes = walk->codes, .plane = c->plane, .limits = group > 1 ? walk->limits + start / group : NULL,
      .strays = strays};
  strays->first[0] = 0;
  size_t i = 0;
  for (; i < rows && (most == 0 || strays->first[i] + most <= LMQ_STRAYS); i++) {
    const size_t row = walk->x_rows ? walk->x_rows[first + i] : first + i;
    const char *units = walk->x + row * walk->x_bytes + start * 4;
    const int32_t offset = walk->x_offsets ? walk->x_offsets[row] : 0;
    const int32_t lacking = c->copy(&how, units, k * 4, offset, x + i * c->x_bytes, i);
    negatives[i] = (start > 0 ? negatives[i] : 0) + lacking;
  }
  return i;
}

/// Bytes from the weights of a single tile to those that are fetched meanwhile; 0: none are. Distances are
/// measured, on x86-64. Where the processor also fetches by itself, asking for much more than memory gives only
/// makes few rows slower: wide tiles of floats have few up to three, others take longer over each.
static size_t ahead_of(const lmq_walk *walk) {
  if (lmq_fetches_on_request) return (walk->is_wide ? 8 : 32) << 10;
  if (walk->m <= walk->alone_rows) return 0;
  if (walk->is_wide && walk->type == LMQ_INT8) return 8 << 10;
  return (walk->is_wide && walk->m <= 3 ? 2 : walk->m == 1 ? 4 : 32) << 10;
}

/// A band: `rows` rows from `row` on, cut into `count` of the tiles, the first being tile `first`.
typedef struct { size_t row, rows, first, count; } band;

/// A band's way through a group of panels.
typedef struct {
  const lmq_walk *walk;
  const cuts *cuts;
  scratch *to;
  band band;
  parts tiles;
  size_t panel, panels;  // the first of the group, and how many it has
} passage;

/// A block of inputs of some rows: those from row `done` of the band on.
typedef struct {
  size_t start, k;  // units
  bool is_last;
  size_t done, rows;
  const char *x;
} block;

/// The weights that are fetched while those at `w` of panel p and a block are used; NULL: none are. A single
/// tile reads all weights front to back. Others go on to the same inputs of the next panel, and after the last
/// panel to the next inputs of the first.
static const char *following(const passage *way, const block *b, size_t p, const char *w) {
  const lmq_walk *walk = way->walk;
  if (way->panels == 1 && walk->m <= walk->tile_rows) {
    const size_t ahead = ahead_of(walk);
    return ahead > 0 ? w + ahead : NULL;
  }
  const size_t row_bytes = panel_row(walk->type), panel_bytes = walk->k * row_bytes;
  if (p + 1 < way->panels) return w + panel_bytes;
  return w + b->k * row_bytes - (b->is_last ? 0 : p * panel_bytes);
}

LMQ_INLINE void prefetch_results(const char *y, size_t y_bytes, size_t rows) {
  for (size_t i = 0; i < rows; i++, y += y_bytes) {
    __builtin_prefetch(y, 1);
    __builtin_prefetch(y + 64, 1);
  }
}

/// The products of a block with panel p of the group, tile by tile.
static void walk_tiles(const passage *way, const block *b, size_t p) {
  const lmq_walk *walk = way->walk;
  const cuts *c = way->cuts;
  const size_t row_bytes = panel_row(walk->type), panel = way->panel + p, row = way->band.row + b->done;
  const char *const w = walk->panels + (panel * walk->k + b->start) * row_bytes;
  const char *const after = following(way, b, p, w);
  // Totals of one block are used up at once, so that all panels can share a place in the first cache.
  char *const totals = way->to->bytes + ((walk->k > c->block ? p : 0) * c->band_rows + b->done) * TOTAL_BYTES;
  // Spread over all tiles, since some processors have few lines under way at a time. Even, since tiles of half
  // panels halve it.
  const size_t next_bytes = (row_bytes / 2 + way->band.count - 1) / way->band.count * 2;
  // Set field by field: clearing what lies between fields would wait for the results of the last tile.
  lmq_tile tile;
  tile.type = walk->type, tile.codes = walk->codes, tile.x_bytes = c->x_bytes, tile.plane = c->plane;
  tile.strays = &way->to->strays, tile.k = b->k, tile.is_first = b->start == 0;
  tile.w = w, tile.next_bytes = next_bytes;
  for (size_t t = 0, at = 0; at < b->rows; t++, at += tile.rows) {
    tile.rows = lmq_min(part_size(way->tiles, way->band.first + t), b->rows - at);
    const char *const y = walk->y + (row + at) * walk->y_bytes + panel * LMQ_PANEL * 4;
    if (b->is_last) prefetch_results(y, walk->y_bytes, tile.rows);
    tile.x = b->x + at * c->x_bytes, tile.totals = totals + at * TOTAL_BYTES;
    tile.next = after ? after + t * next_bytes * b->k : NULL;
    walk->tile(&tile);
  }
  if (b->is_last)
    walk->finish(&(lmq_finish){
        .job = walk->job, .row = row, .rows = b->rows, .panel = panel, .totals = totals,
        .negatives = way->to->negatives + b->done});
}

/// The products of a band with a group of panels.
static void walk_band(const passage *way) {
  const lmq_walk *walk = way->walk;
  const cuts *c = way->cuts;
  const size_t first = way->band.row;
  block b = {0};
  do {  // at least once, since no inputs have sums, too
    b.k = lmq_min(c->block, walk->k - b.start);
    b.is_last = b.start + b.k == walk->k;
    for (b.done = 0; b.done < way->band.rows; b.done += b.rows) {
      b.rows = way->band.rows - b.done;
      if (!c->copy) {
        b.x = c->x + first * c->x_bytes + b.start * 4;
      } else {
        int32_t *const negatives = way->to->negatives + b.done;
        b.rows = copy_rows(walk, c, first + b.done, b.rows, b.start, b.k, way->to, negatives);
        b.x = way->to->bytes + c->x_place;
      }
      for (size_t p = 0; p < way->panels; p++) walk_tiles(way, &b, p);
    }
    b.start += b.k;
  } while (b.start < walk->k);
}

void lmq_walk_panels(const lmq_walk *walk, size_t panel_begin, size_t panel_end) {
  if (walk->m == 0) return;
  cuts c = cut(walk);
  // Tiles of nearly equal size: a small last one would waste loads of weights.
  const parts tiles = split(walk->m, c.tile_rows), bands = split(tiles.count, c.band_rows / c.tile_rows);
  scratch to;
  memset(to.negatives, 0, sizeof to.negatives);
  const size_t x_bytes = copied_bytes(walk->k), plane = plane_of(walk->m, x_bytes);
  const size_t bytes = is_split(walk->codes) ? 2 * plane : walk->m * x_bytes;
  const bool has_block = group_of(walk->codes) == 1 || walk->k <= c.block;
  if (c.copy && bands.count == 1 && has_block && bytes <= SCRATCH_BYTES - c.x_place) {
    cuts whole = c;
    whole.x = to.bytes + c.x_place, whole.x_bytes = x_bytes, whole.plane = plane;
    if (copy_rows(walk, &whole, 0, walk->m, 0, walk->k, &to, to.negatives) == walk->m) {
      c = whole;
      c.copy = NULL, c.block = block_of(walk, false);
    }
  }
  // Weights that only one step of a tile uses are read front to back.
  const size_t most = !c.copy && walk->m <= walk->tile_rows ? 1 : c.panels;
  for (size_t panel = panel_begin, group; panel < panel_end; panel += group) {
    group = lmq_min(most, panel_end - panel);
    band b = {0};
    for (size_t i = 0; i < bands.count; i++, b.row += b.rows, b.first += b.count) {
      b.count = part_size(bands, i);
      b.rows = b.count * tiles.size + (b.first < tiles.larger ? lmq_min(b.count, tiles.larger - b.first) : 0);
      walk_band(&(passage){
          .walk = walk, .cuts = &c, .to = &to, .band = b, .tiles = tiles, .panel = panel, .panels = group});
    }
  }
}

#pragma clang attribute pop
