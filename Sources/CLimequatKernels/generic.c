// The table that defines every result: plain C, for any processor.

#include "vector_generic.h"

#define LMQ_FUNCTION static __attribute__((noinline))

#include "activations.inc.h"
#include "rows.inc.h"
#include "tile.h"

#pragma STDC FP_CONTRACT OFF

enum { TILE_ROWS = 4 };

LMQ_INLINE vec widen(int type, const void *w) {
  return type == LMQ_F32 ? v_load(w) : type == LMQ_F16 ? v_widen_f16(w) : v_widen_bf16(w);
}

static void tile(const lmq_tile *t) {
  for (size_t half = 0; half < LMQ_PANEL; half += LMQ_LANES)
    for (size_t i = 0; i < t->rows; i++) {
      vec a = v_set(0.0f);
      for (size_t j = 0; j < t->k; j++) {
        vec weights = widen(t->type, t->w + j * panel_row(t->type) + half * element_bytes(t->type));
        a = v_fma(v_set(t->x[i * X_STRIDE + j]), weights, a);
      }
      float *total = t->totals + i * LMQ_PANEL + half;
      v_store(total, v_add(v_load(total), a));
    }
}

#include "matmul.inc.h"

const lmq_kernels lmq_generic = LMQ_KERNELS("generic");
