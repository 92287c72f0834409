// The matrix product around a table's inner loop (formats/numerics.md, "Matrix product").
// Included by each table after rows.inc.h. The table defines TILE_ROWS and
//
//   static void tile(int type, size_t rows, const float *x, const void *w, size_t k, float *totals,
//                    const void *next)
//
// for `rows` in 1...TILE_ROWS: x holds rows of LMQ_BLOCK elements of which k count, w is a panel's part of as
// many inputs, and totals (rows, LMQ_PANEL) grow by the products, each a chain of fused additions that starts
// at 0. `next` is NULL, or where the weights of the following call lie, to be fetched ahead.

#pragma STDC FP_CONTRACT OFF

enum {
  GROUP_PANELS = 4,        // panels that share one copy of a tile's inputs
  GROUP_BYTES = 1 << 19,   // as far as they fit the second cache together
};

/// Writes a tile's rows of one panel: bias, activation, residual.
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

/// Copies k inputs from `start` on of a tile's rows, so that the inner loop has them at fixed distances.
LMQ_INLINE void gather(const lmq_matmul *job, size_t row, size_t rows, size_t start, size_t k, float *x) {
  for (size_t i = 0; i < rows; i++) {
    size_t source = job->x_rows ? job->x_rows[row + i] : row + i;
    memcpy(x + i * LMQ_BLOCK, job->x + source * job->x_stride + start, k * sizeof *x);
  }
}

static void matmul(const lmq_matmul *job, size_t panel_begin, size_t panel_end) {
  _Alignas(64) float x[TILE_ROWS * LMQ_BLOCK];
  _Alignas(64) float totals[GROUP_PANELS][TILE_ROWS * LMQ_PANEL];
  if (job->m == 0) return;
  size_t row_bytes = LMQ_PANEL * (job->type == LMQ_F32 ? 4 : 2), panel_bytes = job->k * row_bytes;
  // Tiles of nearly equal size: a small last one would waste weight loads.
  size_t tiles = (job->m + TILE_ROWS - 1) / TILE_ROWS, base = job->m / tiles, larger = job->m % tiles;

  for (size_t panel = panel_begin, group; panel < panel_end; panel += group) {
    group = 1;
    while (group < GROUP_PANELS && panel + group < panel_end && (group + 1) * panel_bytes <= GROUP_BYTES)
      group++;
    const char *weights = (const char *)job->panels + panel * panel_bytes;
    for (size_t t = 0, row = 0, rows; t < tiles; t++, row += rows) {
      rows = base + (t < larger);
      memset(totals, 0, sizeof totals);
      for (size_t start = 0; start < job->k; start += LMQ_BLOCK) {
        size_t k = lmq_min(LMQ_BLOCK, job->k - start);
        gather(job, row, rows, start, k, x);
        for (size_t p = 0; p < group; p++) {
          const char *w = weights + p * panel_bytes + start * row_bytes;
          const char *next = w + panel_bytes;
          if (p + 1 == group) next = start + k < job->k ? w + k * row_bytes - p * panel_bytes : w + k * row_bytes;
          tile(job->type, rows, x, w, k, totals[p], t == 0 ? next : NULL);
        }
      }
      for (size_t p = 0; p < group; p++) finish(job, row, rows, panel + p, totals[p]);
    }
  }
}
