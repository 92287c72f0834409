// Work on rows: sums, normalisation, softmax, elementwise (formats/numerics.md, "Rows").
// Included by each table after activations.inc.h. A row sum has 16 virtual lanes: lane i takes the elements
// i, i + 16, ...; the rest of a row enters as a vector filled up with what changes nothing.

#pragma STDC FP_CONTRACT OFF

/// For j over the vectors of n elements; `count` is how many the vector has.
#define VECTORS(j, count, n) \
  LMQ_ROLLED for (size_t j = 0, count; j < (n) && (count = lmq_min(LMQ_LANES, (n) - j), true); j += LMQ_LANES)

LMQ_SHARED vec v_read(const float *p, size_t count, float fill) {
  return count == LMQ_LANES ? v_load(p) : v_load_n(p, count, fill);
}
LMQ_SHARED void v_write(float *p, size_t count, vec a) {
  if (count == LMQ_LANES) v_store(p, a);
  else v_store_n(p, count, a);
}

LMQ_SMALL static float row_sum(const float *x, size_t n) {
  vec sum = v_set(0.0f);
  VECTORS(j, count, n) sum = v_add(sum, v_read(x + j, count, 0.0f));
  return v_sum(sum);
}

LMQ_SMALL static float row_norm_l2(const float *x, size_t n) {
  vec sum = v_set(0.0f);
  VECTORS(j, count, n) {
    vec a = v_read(x + j, count, 0.0f);
    sum = v_fma(a, a, sum);
  }
  return sqrtf(v_sum(sum));
}

static void rows_layer_norm(
    const float *x, size_t x_stride, float *y, size_t y_stride, size_t m, size_t n, const float *scale,
    const float *bias, float epsilon) {
  for (size_t i = 0; i < m; i++, x += x_stride, y += y_stride) {
    vec sum = v_set(0.0f), squares = v_set(0.0f);
    VECTORS(j, count, n) {
      vec a = v_read(x + j, count, 0.0f);
      sum = v_add(sum, a);
      squares = v_fma(a, a, squares);
    }
    float mean = v_sum(sum) / (float)n;
    float variance = fmaf(-mean, mean, v_sum(squares) / (float)n);
    if (variance < 0) variance = 0;  // a NaN stays
    vec centre = v_set(mean), inverse = v_set(1.0f / sqrtf(variance + epsilon));
    VECTORS(j, count, n) {
      vec a = v_mul(v_sub(v_read(x + j, count, 0.0f), centre), inverse), s = v_read(scale + j, count, 0.0f);
      v_write(y + j, count, bias ? v_fma(a, s, v_read(bias + j, count, 0.0f)) : v_mul(a, s));
    }
  }
}

/// The bytes of a mask for one vector; those past its end are 0.
LMQ_INLINE const uint8_t *mask_read(const uint8_t *mask, size_t count, uint8_t *space) {
  if (count == LMQ_LANES) return mask;
  memset(space, 0, LMQ_LANES);
  memcpy(space, mask, count);
  return space;
}

/// The largest of the columns that are not masked.
LMQ_SHARED vec row_largest(const float *x, size_t n, const uint8_t *mask) {
  uint8_t space[LMQ_LANES];
  vec largest = v_set(-INFINITY);
  VECTORS(j, count, n) {
    vec a = v_read(x + j, count, -INFINITY);
    if (mask) a = v_masked(a, mask_read(mask + j, count, space), -INFINITY);
    largest = v_max(largest, a);
  }
  return v_set(v_largest(largest));
}
/// exp(x - top) of one vector, 0 where it is masked or past the end.
LMQ_SHARED vec exp_below(const float *x, size_t count, vec top, const uint8_t *mask) {
  uint8_t space[LMQ_LANES];
  vec e = v_exp(v_sub(v_read(x, count, -INFINITY), top));
  return mask ? v_masked(e, mask_read(mask, count, space), 0.0f) : e;
}
static bool masks_all(const uint8_t *mask, size_t n) {
  bool all = mask != NULL;
  for (size_t j = 0; j < n && all; j++) all = mask[j] == 0;
  return all;
}

static void rows_softmax(float *x, size_t x_stride, size_t m, size_t n, const uint8_t *mask) {
  const bool empty = masks_all(mask, n);
  for (size_t i = 0; i < m; i++, x += x_stride) {
    if (empty) {
      memset(x, 0, n * sizeof *x);
      continue;
    }
    vec top = row_largest(x, n, mask), sum = v_set(0.0f);
    VECTORS(j, count, n) {
      vec e = exp_below(x + j, count, top, mask ? mask + j : NULL);
      sum = v_add(sum, e);
      v_write(x + j, count, e);
    }
    vec share = v_set(1.0f / v_sum(sum));
    VECTORS(j, count, n) v_write(x + j, count, v_mul(v_read(x + j, count, 0.0f), share));
  }
}

/// m rows of n.
static __attribute__((noinline)) void activate(
    const float *x, size_t x_stride, float *y, size_t y_stride, size_t m, size_t n, lmq_activation activation) {
  for (size_t i = 0; i < m; i++, x += x_stride, y += y_stride)
    VECTORS(j, count, n) v_write(y + j, count, v_activate(v_read(x + j, count, 0.0f), activation));
}
static void rows_activate(const float *x, float *y, size_t n, lmq_activation activation) {
  activate(x, n, y, n, 1, n, activation);
}

LMQ_SMALL static void rows_binary(
    const float *a, const float *b, float *y, size_t n, lmq_binary op, bool b_is_scalar) {
  VECTORS(j, count, n) {
    vec left = v_read(a + j, count, 0.0f), right = b_is_scalar ? v_set(*b) : v_read(b + j, count, 1.0f);
    switch (op) {
    case LMQ_ADD: left = v_add(left, right); break;
    case LMQ_SUBTRACT: left = v_sub(left, right); break;
    case LMQ_MULTIPLY: left = v_mul(left, right); break;
    case LMQ_DIVIDE: left = v_div(left, right); break;
    }
    v_write(y + j, count, left);
  }
}

LMQ_SMALL static void rows_accumulate(float *y, const float *x, float factor, size_t n) {
  VECTORS(j, count, n) {
    vec product = v_mul(v_read(x + j, count, 0.0f), v_set(factor));
    v_write(y + j, count, v_add(v_read(y + j, count, 0.0f), product));
  }
}

LMQ_SMALL static void rows_round_bf16(const float *x, float *y, size_t n) {
  VECTORS(j, count, n) {
    vec a = v_read(x + j, count, 0.0f);
    ivec bits = v_bits(a), upper = i_set(0xFFFF0000);
    ivec odd = i_and(i_right(bits, 16), i_set(1));
    ivec rounded = i_and(i_add(i_add(bits, i_set(0x7FFF)), odd), upper);
    ivec quiet = i_or(i_and(bits, upper), i_set(0x400000));
    v_write(y + j, count, v_where_nan(a, v_from_bits(quiet), v_from_bits(rounded)));
  }
}

LMQ_SMALL static void rows_widen(const void *x, int type, float *y, size_t n) {
  if (type == LMQ_F32) {
    memcpy(y, x, n * sizeof *y);
    return;
  }
  const uint16_t *halves = x;
  const size_t whole = n - n % LMQ_LANES;
  LMQ_ROLLED for (size_t j = 0; j < whole; j += LMQ_LANES)
    v_store(y + j, type == LMQ_F16 ? v_widen_f16(halves + j) : v_widen_bf16(halves + j));
  if (whole < n) {
    uint16_t space[LMQ_LANES] = {0};
    memcpy(space, halves + whole, (n - whole) * sizeof *space);
    v_store_n(y + whole, n - whole, type == LMQ_F16 ? v_widen_f16(space) : v_widen_bf16(space));
  }
}

/// A row of a panel from numbers `stride` apart.
static void pack_row(const float *w, size_t stride, size_t columns, float factor, float *panel) {
  for (size_t j = 0; j < columns; j++) panel[j] = w[j * stride] * factor;
  for (size_t j = columns; j < LMQ_PANEL; j++) panel[j] = 0.0f;
}

static void rows_pack(
    const float *w, size_t k_stride, size_t n_stride, size_t k, size_t n, float factor, float *panels) {
  for (size_t first = 0; first < n; first += LMQ_PANEL, panels += k * LMQ_PANEL) {
    const float *from = w + first * n_stride;
    const size_t columns = lmq_min(LMQ_PANEL, n - first);
    size_t i = 0;
#ifdef V_TRANSPOSE
    // Squares of 16 by 16, if they lie row by row.
    for (; k_stride == 1 && i + LMQ_LANES <= k; i += LMQ_LANES)
      for (size_t half = 0; half < LMQ_PANEL; half += LMQ_LANES) {
        vec square[LMQ_LANES];
        LMQ_UNROLL for (size_t j = 0; j < LMQ_LANES; j++)
          square[j] =
              half + j < columns ? v_mul(v_load(from + (half + j) * n_stride + i), v_set(factor)) : v_set(0.0f);
        v_transpose(square);
        LMQ_UNROLL for (size_t j = 0; j < LMQ_LANES; j++)
          v_store(panels + (i + j) * LMQ_PANEL + half, square[j]);
      }
#endif
    for (; i < k; i++) {
      const float *row = from + i * k_stride;
      if (n_stride != 1) {
        pack_row(row, n_stride, columns, factor, panels + i * LMQ_PANEL);
        continue;
      }
      for (size_t half = 0; half < LMQ_PANEL; half += LMQ_LANES) {
        size_t count = columns > half ? lmq_min(LMQ_LANES, columns - half) : 0;
        vec a = count ? v_mul(v_read(row + half, count, 0.0f), v_set(factor)) : v_set(0.0f);
        v_store(panels + i * LMQ_PANEL + half, a);
      }
    }
  }
}
