// The table that defines every result: plain C, for any processor.

#include "vector_generic.h"

#define LMQ_FUNCTION static __attribute__((noinline))

#include "activations.inc.h"
#include "rows.inc.h"

#pragma STDC FP_CONTRACT OFF

enum { TILE_ROWS = 4 };

LMQ_INLINE vec widen(int type, const void *w) {
  return type == LMQ_F32 ? v_load(w) : type == LMQ_F16 ? v_widen_f16(w) : v_widen_bf16(w);
}

static void tile(
    int type, size_t rows, const float *x, const void *w, size_t k, float *totals, const void *next) {
  (void)next;
  size_t size = type == LMQ_F32 ? 4 : 2;
  for (size_t half = 0; half < LMQ_PANEL; half += LMQ_LANES) {
    vec sums[TILE_ROWS];
    for (size_t i = 0; i < rows; i++) sums[i] = v_set(0.0f);
    const char *p = (const char *)w + half * size;
    for (size_t j = 0; j < k; j++, p += LMQ_PANEL * size) {
      vec weights = widen(type, p);
      for (size_t i = 0; i < rows; i++) sums[i] = v_fma(v_set(x[i * LMQ_BLOCK + j]), weights, sums[i]);
    }
    for (size_t i = 0; i < rows; i++) {
      float *total = totals + i * LMQ_PANEL + half;
      v_store(total, v_add(v_load(total), sums[i]));
    }
  }
}

#include "matmul.inc.h"

const lmq_kernels lmq_generic = LMQ_KERNELS("generic");
