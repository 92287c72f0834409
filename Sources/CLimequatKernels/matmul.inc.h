// The matrix products of a table (formats/numerics.md, "Matrix product" and "Int8").
// Included by each table after rows.inc.h.

#include "walk.h"

#pragma STDC FP_CONTRACT OFF

/// Where results go, and what happens to them last.
typedef struct {
  float *y;
  size_t y_stride;
  const float *residual;
  size_t residual_stride, columns;
} destination;

LMQ_INLINE destination destination_of(
    const lmq_finish *f, float *y, size_t y_stride, const float *residual, size_t residual_stride, size_t n) {
  size_t first = f->panel * LMQ_PANEL;
  return (destination){
      y + f->row * y_stride + first, y_stride,
      residual ? residual + f->row * residual_stride + first : NULL, residual_stride,
      lmq_min(LMQ_PANEL, n - first)};
}
/// Columns from j on of row i.
LMQ_SHARED void deliver(const destination *to, size_t i, size_t j, size_t count, vec a) {
  if (to->residual) a = v_add(v_read(to->residual + i * to->residual_stride + j, count, 0.0f), a);
  v_write(to->y + i * to->y_stride + j, count, a);
}
/// Rows of a panel after an activation; they are written over.
static void activate_and_deliver(
    const destination *to, float *panel, size_t rows, lmq_activation activation) {
  rows_activate(panel, panel, rows * LMQ_PANEL, activation);
  for (size_t i = 0; i < rows; i++)
    VECTORS(j, count, to->columns) deliver(to, i, j, count, v_load(panel + i * LMQ_PANEL + j));
}

static void finish(const lmq_finish *f) {
  const lmq_matmul *job = f->job;
  float *totals = f->totals;
  const float *bias = job->bias ? job->bias + f->panel * LMQ_PANEL : NULL;
  const destination to =
      destination_of(f, job->y, job->y_stride, job->residual, job->residual_stride, job->n);
  VECTORS(j, count, to.columns) {
    const vec b = bias ? v_read(bias + j, count, 0.0f) : v_set(0.0f);
    LMQ_ROLLED for (size_t i = 0; i < f->rows; i++) {
      vec a = v_load(totals + i * LMQ_PANEL + j);
      if (bias) a = v_add(a, b);
      if (job->activation == LMQ_ACTIVATION_NONE) deliver(&to, i, j, count, a);
      else v_store(totals + i * LMQ_PANEL + j, a);
    }
  }
  if (job->activation != LMQ_ACTIVATION_NONE) activate_and_deliver(&to, totals, f->rows, job->activation);
}

typedef struct {
  lmq_matmul_int8 job;
  const float *scales;
  const int32_t *sums;
  lmq_codes codes;
} int8_product;

static void finish_int8(const lmq_finish *f) {
  const int8_product *product = f->job;
  const lmq_matmul_int8 *job = &product->job;
  const size_t first = f->panel * LMQ_PANEL;
  char *totals = f->totals;  // become floats, if there is an activation
  const destination to =
      destination_of(f, job->y, job->y_stride, job->residual, job->residual_stride, job->n);
  VECTORS(j, count, to.columns) {
    const vec scale = v_load(product->scales + first + j);
    const vec bias = job->bias ? v_read(job->bias + first + j, count, 0.0f) : v_set(0.0f);
    const ivec excess =
        product->codes == LMQ_SHIFTED ? i_left(i_load(product->sums + first + j), 7) : i_set(0);
    LMQ_ROLLED for (size_t i = 0; i < f->rows; i++) {
      const size_t row = job->x_rows ? job->x_rows[f->row + i] : f->row + i;
      const vec product_scale = v_mul(v_set(job->x_scales[row]), scale);
      char *total = totals + (i * LMQ_PANEL + j) * 4;
      vec a = v_from_integers(i_add(i_sub(i_load(total), excess), i_set((uint32_t)f->negatives[i])));
      a = job->bias ? v_fma(a, product_scale, bias) : v_mul(a, product_scale);
      if (job->activation == LMQ_ACTIVATION_NONE) deliver(&to, i, j, count, a);
      else memcpy(total, &a, sizeof a);
    }
  }
  if (job->activation != LMQ_ACTIVATION_NONE)
    activate_and_deliver(&to, (float *)(void *)totals, f->rows, job->activation);
}

/// What a table brings to its products of floats, and what to those of int8.
typedef struct {
  size_t rows;
  lmq_tile_function *tile;
} float_tile;
typedef struct {
  size_t rows;
  lmq_tile_function *tile;
  lmq_codes codes;
  lmq_copy_function *copy;
} int8_tile;

static void matmul_with(const lmq_matmul *job, size_t panel_begin, size_t panel_end, float_tile with) {
  lmq_walk walk = {
      .x = (const char *)job->x, .x_bytes = job->x_stride * sizeof(float), .x_rows = job->x_rows,
      .panels = job->panels, .y = (const char *)job->y, .y_bytes = job->y_stride * sizeof(float), .m = job->m,
      .k = job->k, .type = job->type, .tile_rows = with.rows, .tile = with.tile,
      .copy = lmq_copy_plain, .job = job, .finish = finish};
  lmq_walk_panels(&walk, panel_begin, panel_end);
}

static void matmul_int8_with(
    const lmq_matmul_int8 *job, size_t panel_begin, size_t panel_end, int8_tile with) {
  const size_t units = (job->k + 3) / 4, outputs = (job->n + LMQ_PANEL - 1) / LMQ_PANEL * LMQ_PANEL;
  const float *scales = (const float *)((const char *)job->panels + units * 4 * outputs);
  int8_product product = {*job, scales, (const int32_t *)(const void *)(scales + outputs), with.codes};
  lmq_walk walk = {
      .x = (const char *)job->x, .x_bytes = job->x_stride, .x_rows = job->x_rows, .panels = job->panels,
      .y = (const char *)job->y, .y_bytes = job->y_stride * sizeof(float), .m = job->m, .k = units,
      .type = LMQ_INT8, .codes = with.codes, .tile_rows = with.rows, .tile = with.tile, .copy = with.copy,
      .job = &product, .finish = finish_int8};
  lmq_walk_panels(&walk, panel_begin, panel_end);
}
