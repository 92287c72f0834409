// The matrix products of a table (formats/numerics.md, "Matrix product" and "Int8").
// Included by each table after rows.inc.h.

#include "walk.h"

#pragma STDC FP_CONTRACT OFF

enum { PARTS = LMQ_PANEL / LMQ_LANES };  // of a panel's outputs, a vector each

/// Where results go, and what happens to them last.
typedef struct {
  float *y;
  size_t y_stride;
  const float *residual;
  size_t residual_stride, columns, counts[PARTS];
  float *totals;  // takes what is yet to be activated
  lmq_activation activation;
} destination;

LMQ_INLINE destination destination_of(
    const lmq_finish *f, float *y, size_t y_stride, const float *residual, size_t residual_stride, size_t n,
    lmq_activation activation) {
  size_t first = f->panel * LMQ_PANEL;
  destination to = {
      .y = y + f->row * y_stride + first, .y_stride = y_stride,
      .residual = residual ? residual + f->row * residual_stride + first : NULL,
      .residual_stride = residual_stride, .columns = lmq_min(LMQ_PANEL, n - first), .totals = f->totals,
      .activation = activation};
  LMQ_UNROLL for (size_t r = 0; r < PARTS; r++)
    to.counts[r] = to.columns > r * LMQ_LANES ? lmq_min(LMQ_LANES, to.columns - r * LMQ_LANES) : 0;
  return to;
}
/// Part r of a vector of all outputs.
LMQ_INLINE vec part_of(const destination *to, const float *values, size_t r) {
  return values ? v_read(values + r * LMQ_LANES, to->counts[r], 0.0f) : v_set(0.0f);
}
/// Part r of row i.
LMQ_SHARED void deliver(const destination *to, size_t i, size_t r, vec a) {
  const size_t j = r * LMQ_LANES, count = to->counts[r];
  if (count == 0) return;
  if (to->residual) a = v_add(v_read(to->residual + i * to->residual_stride + j, count, 0.0f), a);
  v_write(to->y + i * to->y_stride + j, count, a);
}
/// The same before an activation.
LMQ_INLINE void deliver_total(const destination *to, size_t i, size_t r, vec a) {
  if (to->activation == LMQ_ACTIVATION_NONE) deliver(to, i, r, a);
  else v_store(to->totals + i * LMQ_PANEL + r * LMQ_LANES, a);
}
static void activate_and_deliver(const destination *to, size_t rows) {
  if (!to->residual)
    return activate(to->totals, LMQ_PANEL, to->y, to->y_stride, rows, to->columns, to->activation);
  rows_activate(to->totals, to->totals, rows * LMQ_PANEL, to->activation);
  LMQ_ROLLED for (size_t i = 0; i < rows; i++)
    LMQ_UNROLL for (size_t r = 0; r < PARTS; r++)
      deliver(to, i, r, v_load(to->totals + i * LMQ_PANEL + r * LMQ_LANES));
}

static void finish(const lmq_finish *f) {
  const lmq_matmul *job = f->job;
  const size_t rows = f->rows;
  const float *totals = f->totals, *bias = job->bias ? job->bias + f->panel * LMQ_PANEL : NULL;
  const destination to = destination_of(
      f, job->y, job->y_stride, job->residual, job->residual_stride, job->n, job->activation);
  vec b[PARTS];
  LMQ_UNROLL for (size_t r = 0; r < PARTS; r++) b[r] = part_of(&to, bias, r);
  LMQ_ROLLED for (size_t i = 0; i < rows; i++)
    LMQ_UNROLL for (size_t r = 0; r < PARTS; r++) {
      vec a = v_load(totals + i * LMQ_PANEL + r * LMQ_LANES);
      deliver_total(&to, i, r, bias ? v_add(a, b[r]) : a);
    }
  if (to.activation != LMQ_ACTIVATION_NONE) activate_and_deliver(&to, rows);
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
  const size_t first = f->panel * LMQ_PANEL, first_row = f->row, rows = f->rows;
  const destination to = destination_of(
      f, job->y, job->y_stride, job->residual, job->residual_stride, job->n, job->activation);
  // In variables, which the results written meanwhile can't change.
  const char *totals = f->totals;
  const int32_t *negatives = f->negatives, *x_offsets = job->x_offsets;
  const float *x_scales = job->x_scales, *bias = job->bias ? job->bias + first : NULL;
  const uint32_t *x_rows = job->x_rows;
  const int32_t shift = product->codes == LMQ_UNSIGNED ? 0 : 128;
  vec scale[PARTS], b[PARTS];
  ivec sums[PARTS];
  LMQ_UNROLL for (size_t r = 0; r < PARTS; r++) {
    scale[r] = v_load(product->scales + first + r * LMQ_LANES);
    sums[r] = i_load(product->sums + first + r * LMQ_LANES);
    b[r] = part_of(&to, bias, r);
  }
  LMQ_ROLLED for (size_t i = 0; i < rows; i++) {
    const size_t row = x_rows ? x_rows[first_row + i] : first_row + i;
    const vec x_scale = v_set(x_scales[row]);
    // By how much all codes of the row are too large.
    const ivec excess = i_set((uint32_t)(x_offsets[row] - shift)), lacking = i_set((uint32_t)negatives[i]);
    LMQ_UNROLL for (size_t r = 0; r < PARTS; r++) {
      ivec total = i_add(i_load(totals + (i * LMQ_PANEL + r * LMQ_LANES) * 4), lacking);
      vec a = v_from_integers(i_sub(total, i_multiply(sums[r], excess)));
      const vec product_scale = v_mul(x_scale, scale[r]);
      deliver_total(&to, i, r, bias ? v_fma(a, product_scale, b[r]) : v_mul(a, product_scale));
    }
  }
  if (to.activation != LMQ_ACTIVATION_NONE) activate_and_deliver(&to, rows);
}

/// What a table brings to its products of floats, and what to those of int8 (walk.h explains).
typedef struct {
  size_t rows;
  lmq_tile_function *tile;
  bool is_wide;
} float_tile;
typedef struct {
  size_t rows;
  lmq_tile_function *tile;
  bool is_wide;
  lmq_codes codes;
  lmq_copy_function *copy;
} int8_tile;

static void matmul_with(const lmq_matmul *job, size_t panel_begin, size_t panel_end, float_tile with) {
  lmq_walk walk = {
      .x = (const char *)job->x, .x_bytes = job->x_stride * sizeof(float), .x_rows = job->x_rows,
      .panels = job->panels, .y = (const char *)job->y, .y_bytes = job->y_stride * sizeof(float), .m = job->m,
      .k = job->k, .type = job->type, .tile_rows = with.rows, .is_wide = with.is_wide,
      .tile = with.tile, .job = job, .finish = finish};
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
      .type = LMQ_INT8, .codes = with.codes, .tile_rows = with.rows, .is_wide = with.is_wide, .tile = with.tile,
      .copy = with.copy, .job = &product, .finish = finish_int8};
  lmq_walk_panels(&walk, panel_begin, panel_end);
}
