// The table that defines every result: plain C, for any processor.

#define LMQ_COMPACT

#include "vector_generic.h"

// Small before fast: fused additions are calls, against which all else counts little.
#pragma clang attribute push(__attribute__((minsize)), apply_to = function)

#include "rows.inc.h"
#include "codes.inc.h"
#include "walk.h"

#pragma clang attribute pop

#pragma STDC FP_CONTRACT OFF

enum { TILE_ROWS = 4 };

static vec widen(int type, const void *w) {
  return type == LMQ_F32 ? v_load(w) : type == LMQ_F16 ? v_widen_f16(w) : v_widen_bf16(w);
}

static void tile(const lmq_tile *t) {
  clear_totals(t);
  float *totals = t->totals;
  for (size_t half = 0; half < LMQ_PANEL; half += LMQ_LANES)
    for (size_t i = 0; i < t->rows; i++) {
      vec a = v_set(0.0f);
      for (size_t j = 0; j < t->k; j++) {
        vec weights = widen(t->type, t->w + j * panel_row(t->type) + half * element_bytes(t->type));
        a = v_fma(v_set(load_f32(unit_of(t, i, j))), weights, a);
      }
      float *total = totals + i * LMQ_PANEL + half;
      v_store(total, v_add(v_load(total), a));
    }
}

static void tile_int8(const lmq_tile *t) {
  clear_totals(t);
  uint32_t *totals = t->totals;  // may overflow before the offset is subtracted
  for (size_t i = 0; i < t->rows; i++)
    for (size_t j = 0; j < t->k; j++) {
      const uint8_t *x = (const uint8_t *)unit_of(t, i, j);
      const int8_t *w = (const int8_t *)t->w + j * panel_row(LMQ_INT8);
      for (size_t output = 0; output < LMQ_PANEL; output++)
        for (size_t code = 0; code < 4; code++)
          totals[i * LMQ_PANEL + output] += (uint32_t)(x[code] * w[output * 4 + code]);
    }
}

#pragma clang attribute push(__attribute__((minsize)), apply_to = function)

#include "matmul.inc.h"

static void matmul(const lmq_matmul *job, size_t panel_begin, size_t panel_end) {
  matmul_with(job, panel_begin, panel_end, (float_tile){.rows = TILE_ROWS, .tile = tile});
}
static void matmul_int8(const lmq_matmul_int8 *job, size_t panel_begin, size_t panel_end) {
  matmul_int8_with(job, panel_begin, panel_end, (int8_tile){.rows = TILE_ROWS, .tile = tile_int8});
}

const lmq_kernels lmq_generic = LMQ_KERNELS("generic", matmul, matmul_int8, NULL);

#pragma clang attribute pop
