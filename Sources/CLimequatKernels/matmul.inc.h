// The matrix product around a table's inner loop (formats/numerics.md, "Matrix product").
// Included by each table after rows.inc.h. The table defines TILE_ROWS, a divisor of 48, and
//
//   static void tile(const lmq_tile *)
//
// for the products of at most TILE_ROWS rows with a part of one panel (tile.h).
//
// A band of rows has its inputs copied once for GROUP_PANELS panels; a panel's weights of one block of inputs
// stay in the second cache while all tiles of the band use them.

#pragma STDC FP_CONTRACT OFF

enum {
  BAND_ROWS = 48,
  BAND_TILES = BAND_ROWS / TILE_ROWS,
  GROUP_PANELS = 8,
};

/// `count` parts of nearly equal size; the first `larger` have one more than `size`.
typedef struct { size_t count, size, larger; } parts;

LMQ_INLINE parts split(size_t whole, size_t limit) {
  size_t count = (whole + limit - 1) / limit;
  return (parts){count, whole / count, whole % count};
}
LMQ_INLINE size_t part_size(parts p, size_t index) { return p.size + (index < p.larger); }

/// Writes a band's rows of one panel: bias, activation, residual.
LMQ_INLINE void finish_as(
    const lmq_matmul *job, size_t row, size_t rows, size_t panel, const float *totals,
    lmq_activation activation) {
  size_t first = panel * LMQ_PANEL, columns = lmq_min(LMQ_PANEL, job->n - first);
  for (size_t i = 0; i < rows; i++, totals += LMQ_PANEL) {
    float *y = job->y + (row + i) * job->y_stride + first;
    const float *residual = job->residual ? job->residual + (row + i) * job->residual_stride + first : NULL;
    VECTORS(j, count, columns) {
      vec a = v_load(totals + j);
      if (job->bias) a = v_add(a, v_read(job->bias + first + j, count, 0.0f));
      a = v_activate(a, activation);
      if (residual) a = v_add(v_read(residual + j, count, 0.0f), a);
      v_write(y + j, count, a);
    }
  }
}

static void finish(const lmq_matmul *job, size_t row, size_t rows, size_t panel, const float *totals) {
#define FINISH(kind) finish_as(job, row, rows, panel, totals, kind);
  EACH_ACTIVATION(job->activation, FINISH)
#undef FINISH
}

/// Copies k inputs from `start` on of a band's rows, so that the inner loop has them at fixed distances.
LMQ_INLINE void gather(const lmq_matmul *job, size_t row, size_t rows, size_t start, size_t k, float *x) {
  for (size_t i = 0; i < rows; i++) {
    size_t source = job->x_rows ? job->x_rows[row + i] : row + i;
    memcpy(x + i * X_STRIDE, job->x + source * job->x_stride + start, k * sizeof *x);
  }
}

static void matmul(const lmq_matmul *job, size_t panel_begin, size_t panel_end) {
  _Alignas(64) float x[BAND_ROWS * X_STRIDE];
  _Alignas(64) float totals[GROUP_PANELS][BAND_ROWS * LMQ_PANEL];
  if (job->m == 0) return;
  const size_t panel_bytes = job->k * panel_row(job->type);
  const parts tiles = split(job->m, TILE_ROWS), bands = split(tiles.count, BAND_TILES);

  for (size_t panel = panel_begin, group; panel < panel_end; panel += group) {
    group = lmq_min(GROUP_PANELS, panel_end - panel);
    const char *weights = (const char *)job->panels + panel * panel_bytes;
    for (size_t band = 0, row = 0, first = 0, rows; band < bands.count; band++, row += rows) {
      size_t count = part_size(bands, band);
      rows = count * tiles.size + (first < tiles.larger ? lmq_min(count, tiles.larger - first) : 0);
      for (size_t p = 0; p < group; p++) memset(totals[p], 0, rows * LMQ_PANEL * sizeof(float));
      for (size_t start = 0; start < job->k; start += LMQ_BLOCK) {
        size_t k = lmq_min(LMQ_BLOCK, job->k - start);
        gather(job, row, rows, start, k, x);
        for (size_t p = 0; p < group; p++) {
          const char *w = weights + p * panel_bytes + start * panel_row(job->type);
          const char *end = w + k * panel_row(job->type);
          // The same inputs of the next panel; after the last, the next inputs of the first.
          const char *after = p + 1 < group ? w + panel_bytes : end;
          if (p + 1 == group && start + k < job->k) after -= p * panel_bytes;
          for (size_t t = 0, at = 0, size; t < count; t++, at += size) {
            size = part_size(tiles, first + t);
            tile(&(lmq_tile){
                .type = job->type, .rows = size, .k = k, .x = x + at * X_STRIDE, .w = w,
                .totals = totals[p] + at * LMQ_PANEL, .next = t == 0 ? after : NULL});
          }
        }
      }
      for (size_t p = 0; p < group; p++) finish(job, row, rows, panel + p, totals[p]);
      first += count;
    }
  }
}
