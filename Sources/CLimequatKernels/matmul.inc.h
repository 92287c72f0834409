// The matrix products of a table (formats/numerics.md, "Matrix product" and "Int8").
// Included by each table after codes.inc.h.

#include "walk.h"

#pragma STDC FP_CONTRACT OFF

enum { PARTS = LMQ_PANEL / LMQ_LANES };  // of a panel's outputs, a vector each

/// Where the results of a panel go, and what is added last.
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
      .y = y + f->row * y_stride + first, .y_stride = y_stride,
      .residual = residual ? residual + f->row * residual_stride + first : NULL,
      .residual_stride = residual_stride, .columns = lmq_min(LMQ_PANEL, n - first)};
}
/// What is yet to be activated stays in the totals, and so do the rows of a panel that is not whole.
LMQ_INLINE bool stays(const destination *last, lmq_activation activation) {
  return activation != LMQ_ACTIVATION_NONE || last->columns < LMQ_PANEL;
}
LMQ_INLINE destination staying(const lmq_finish *f) {
  return (destination){.y = f->totals, .y_stride = LMQ_PANEL, .columns = LMQ_PANEL};
}

/// How many outputs of a panel part r, a vector, has.
LMQ_INLINE size_t part_count(size_t columns, size_t r) {
  return columns > r * LMQ_LANES ? lmq_min(LMQ_LANES, columns - r * LMQ_LANES) : 0;
}
/// Part r, or its first `count` columns, of row i.
LMQ_SHARED void deliver(const destination *to, size_t i, size_t r, size_t count, vec a) {
  const size_t j = r * LMQ_LANES;
  if (to->residual) a = v_add(v_read(to->residual + i * to->residual_stride + j, count, 0.0f), a);
  v_write(to->y + i * to->y_stride + j, count, a);
}
static void activate_and_deliver(
    const destination *to, size_t rows, float *totals, lmq_activation activation) {
  if (!to->residual) return activate(totals, LMQ_PANEL, to->y, to->y_stride, rows, to->columns, activation);
  rows_activate(totals, totals, rows * LMQ_PANEL, activation);
  LMQ_ROLLED for (size_t i = 0; i < rows; i++)
    LMQ_ROLLED for (size_t r = 0; r < PARTS; r++) {
      const size_t count = part_count(to->columns, r);
      if (count > 0) deliver(to, i, r, count, v_load(totals + i * LMQ_PANEL + r * LMQ_LANES));
    }
}

/// A bias for the outputs of a panel; where there is none -0, whose addition changes nothing.
typedef struct { vec part[PARTS]; } panel_bias;

LMQ_INLINE panel_bias bias_of(const float *bias, size_t panel, size_t n) {
  panel_bias b;
  const size_t first = panel * LMQ_PANEL;
  LMQ_UNROLL_VARIANT for (size_t r = 0; r < PARTS; r++) {
    const size_t count = bias ? part_count(n - first, r) : 0;
    b.part[r] = count ? v_read(bias + first + r * LMQ_LANES, count, 0.0f) : v_set(-0.0f);
  }
  return b;
}

LMQ_INLINE void finish_rows(const destination *to, size_t rows, const float *totals, const panel_bias *b) {
  LMQ_ROLLED for (size_t i = 0; i < rows; i++)
    LMQ_UNROLL_VARIANT for (size_t r = 0; r < PARTS; r++)
      deliver(to, i, r, LMQ_LANES, v_add(v_load(totals + i * LMQ_PANEL + r * LMQ_LANES), b->part[r]));
}

static void finish(const lmq_finish *f) {
  const lmq_matmul *job = f->job;
  const destination last =
      destination_of(f, job->y, job->y_stride, job->residual, job->residual_stride, job->n);
  const bool in_place = stays(&last, job->activation);
  const destination to = in_place ? staying(f) : last;
  const panel_bias b = bias_of(job->bias, f->panel, job->n);
  finish_rows(&to, f->rows, f->totals, &b);
  if (in_place) activate_and_deliver(&last, f->rows, f->totals, job->activation);
}

typedef struct {
  lmq_matmul_int8 job;
  const float *scales;
  const int32_t *sums;
  lmq_codes codes;
} int8_product;

LMQ_INLINE void finish_rows_int8(
    const destination *to, const lmq_finish *f, const int8_product *product, const panel_bias *b) {
  const size_t first = f->panel * LMQ_PANEL, first_row = f->row, rows = f->rows;
  // In variables, which the results written meanwhile can't change.
  const char *totals = f->totals;
  const int32_t *negatives = f->negatives, *x_offsets = product->job.x_offsets;
  const float *x_scales = product->job.x_scales;
  const uint32_t *x_rows = product->job.x_rows;
  const lmq_codes codes = product->codes;
  const int32_t shift = codes == LMQ_SIGNED || codes == LMQ_SPLIT ? 128 : 0;
  vec scale[PARTS];
  ivec sums[PARTS];
  LMQ_UNROLL_VARIANT for (size_t r = 0; r < PARTS; r++) {
    scale[r] = v_load(product->scales + first + r * LMQ_LANES);
    sums[r] = i_load(product->sums + first + r * LMQ_LANES);
  }
  LMQ_ROLLED for (size_t i = 0; i < rows; i++) {
    const size_t row = x_rows ? x_rows[first_row + i] : first_row + i;
    const vec x_scale = v_set(x_scales[row]);
    // By how much all codes of the row are too large.
    const int32_t offset = x_offsets && codes != LMQ_SPLIT_TRIPLES ? x_offsets[row] : 0;
    const ivec excess = i_set((uint32_t)(offset - shift)), lacking = i_set((uint32_t)negatives[i]);
    LMQ_UNROLL_VARIANT for (size_t r = 0; r < PARTS; r++) {
      ivec total = i_add(i_load(totals + (i * LMQ_PANEL + r * LMQ_LANES) * 4), lacking);
      vec a = v_from_integers(i_sub(total, i_multiply(sums[r], excess)));
      deliver(to, i, r, LMQ_LANES, v_fma(a, v_mul(x_scale, scale[r]), b->part[r]));
    }
  }
}

static void finish_int8(const lmq_finish *f) {
  const int8_product *product = f->job;
  const lmq_matmul_int8 *job = &product->job;
  const destination last =
      destination_of(f, job->y, job->y_stride, job->residual, job->residual_stride, job->n);
  const bool in_place = stays(&last, job->activation);
  const destination to = in_place ? staying(f) : last;
  const panel_bias b = bias_of(job->bias, f->panel, job->n);
  finish_rows_int8(&to, f, product, &b);
  if (in_place) activate_and_deliver(&last, f->rows, f->totals, job->activation);
}

/// What a table brings to its products of floats, and what to those of int8 (walk.h explains).
typedef struct {
  size_t rows;
  lmq_tile_function *tile;
  bool is_wide;
  size_t alone_rows;
} float_tile;
typedef struct {
  size_t rows;
  lmq_tile_function *tile;
  bool is_wide;
  size_t alone_rows;
  lmq_codes codes;
  lmq_copy_function *copy;
} int8_tile;

static void matmul_with(const lmq_matmul *job, size_t panel_begin, size_t panel_end, float_tile with) {
  lmq_walk walk = {
      .x = (const char *)job->x, .x_bytes = job->x_stride * sizeof(float), .x_rows = job->x_rows,
      .panels = job->panels, .y = (const char *)job->y, .y_bytes = job->y_stride * sizeof(float), .m = job->m,
      .k = job->k, .type = job->type, .tile_rows = with.rows, .is_wide = with.is_wide,
      .alone_rows = with.alone_rows, .tile = with.tile, .job = job, .finish = finish};
  lmq_walk_panels(&walk, panel_begin, panel_end);
}

static void matmul_int8_with(
    const lmq_matmul_int8 *job, size_t panel_begin, size_t panel_end, int8_tile with) {
  const size_t units = (job->k + 3) / 4, outputs = (job->n + LMQ_PANEL - 1) / LMQ_PANEL * LMQ_PANEL;
  const float *scales = (const float *)((const char *)job->panels + units * 4 * outputs);
  int8_product product = {*job, scales, (const int32_t *)(const void *)(scales + outputs), with.codes};
  const int32_t *limits = job->limits;
  if (limits && with.codes == LMQ_SPLIT_TRIPLES) limits += (units + 1) / 2;
  lmq_walk walk = {
      .x = (const char *)job->x, .x_bytes = job->x_stride, .x_rows = job->x_rows,
      .x_offsets = job->x_offsets, .limits = limits, .panels = job->panels, .y = (const char *)job->y,
      .y_bytes = job->y_stride * sizeof(float), .m = job->m, .k = units,
      .type = LMQ_INT8, .codes = with.codes, .tile_rows = with.rows, .is_wide = with.is_wide,
      .alone_rows = with.alone_rows, .tile = with.tile, .copy = with.copy, .job = &product,
      .finish = finish_int8};
  lmq_walk_panels(&walk, panel_begin, panel_end);
}

/// A table of these functions, with its matrix products.
#define LMQ_KERNELS(table_name, matmul_function, matmul_int8_function, limit_int8_function) \
  { \
    .name = table_name, .matmul = matmul_function, .layer_norm = rows_layer_norm, .softmax = rows_softmax, \
    .activate = rows_activate, .binary = rows_binary, .norm_l2 = row_norm_l2, .sum = row_sum, \
    .accumulate = rows_accumulate, .round_bf16 = rows_round_bf16, .widen = rows_widen, .pack = rows_pack, \
    .quantize_rows = rows_quantize, .softmax_codes = rows_softmax_codes, .pack_codes = rows_pack_codes, \
    .limit_int8 = limit_int8_function, .matmul_int8 = matmul_int8_function, \
  }
