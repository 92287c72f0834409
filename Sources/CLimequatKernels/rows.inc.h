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

static float row_sum(const float *x, size_t n) {
  vec sum = v_set(0.0f);
  VECTORS(j, count, n) sum = v_add(sum, v_read(x + j, count, 0.0f));
  return v_sum(sum);
}

static float row_norm_l2(const float *x, size_t n) {
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

static void rows_softmax(float *x, size_t x_stride, size_t m, size_t n, const uint8_t *mask) {
  uint8_t space[LMQ_LANES];
  bool empty = mask != NULL;
  for (size_t j = 0; j < n && empty; j++) empty = mask[j] == 0;
  for (size_t i = 0; i < m; i++, x += x_stride) {
    if (empty) {
      memset(x, 0, n * sizeof *x);
      continue;
    }
    vec largest = v_set(-INFINITY), sum = v_set(0.0f);
    VECTORS(j, count, n) {
      vec a = v_read(x + j, count, -INFINITY);
      if (mask) a = v_masked(a, mask_read(mask + j, count, space), -INFINITY);
      largest = v_max(largest, a);
    }
    vec top = v_set(v_largest(largest));
    VECTORS(j, count, n) {
      vec e = v_exp(v_sub(v_read(x + j, count, -INFINITY), top));
      if (mask) e = v_masked(e, mask_read(mask + j, count, space), 0.0f);
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

static void rows_binary(
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

static void rows_accumulate(float *y, const float *x, float factor, size_t n) {
  VECTORS(j, count, n) {
    vec product = v_mul(v_read(x + j, count, 0.0f), v_set(factor));
    v_write(y + j, count, v_add(v_read(y + j, count, 0.0f), product));
  }
}

static void rows_round_bf16(const float *x, float *y, size_t n) {
  VECTORS(j, count, n) {
    vec a = v_read(x + j, count, 0.0f);
    ivec bits = v_bits(a), upper = i_set(0xFFFF0000);
    ivec odd = i_and(i_right(bits, 16), i_set(1));
    ivec rounded = i_and(i_add(i_add(bits, i_set(0x7FFF)), odd), upper);
    ivec quiet = i_or(i_and(bits, upper), i_set(0x400000));
    v_write(y + j, count, v_where_nan(a, v_from_bits(quiet), v_from_bits(rounded)));
  }
}

static void rows_widen(const void *x, int type, float *y, size_t n) {
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

enum { WIDEST_OFFSET_ROW = 65536 };  // inputs for which the sum of (code - offset) * weight fits 32 bits

/// Of a number whose magnitude is below 2^22.
LMQ_INLINE float nearest_even(float a) { return (a + 0x1.8p+23f) - 0x1.8p+23f; }

static void rows_quantize(
    const float *x, size_t x_stride, size_t m, size_t k, uint8_t *codes, size_t codes_stride, float *scales,
    int32_t *offsets) {
  for (size_t i = 0; i < m; i++, x += x_stride, codes += codes_stride) {
    vec below = v_set(0.0f), above = v_set(0.0f), bad = v_set(0.0f);
    VECTORS(j, count, k) {
      vec a = v_read(x + j, count, 0.0f);
      below = v_max(below, v_sub(v_set(0.0f), a));
      above = v_max(above, a);
      bad = v_add(bad, v_sub(a, a));  // a NaN for what is not finite
    }
    // From -low to high.
    float low = v_largest(below), high = v_largest(above), finite = v_sum(bad);
    if (k > WIDEST_OFFSET_ROW) low = high = high > low ? high : low;
    float half = 0.5f * low + 0.5f * high, factor = 127.5f / half;
    size_t padded = (k + 3) / 4 * 4;
    if (finite != 0 || !(factor < INFINITY)) {
      scales[i] = finite == 0 ? 0.0f : NAN;
      offsets[i] = 0;
      memset(codes, 0, padded);
      continue;
    }
    scales[i] = half / 127.5f;
    float offset = nearest_even(low * factor);
    offsets[i] = (int32_t)offset;
    VECTORS(j, count, k) {
      vec a = v_fma(v_read(x + j, count, 0.0f), v_set(factor), v_set(offset));
      uint8_t space[LMQ_LANES];
      if (count == LMQ_LANES) {
        v_codes(codes + j, a);
      } else {
        v_codes(space, a);
        memcpy(codes + j, space, count);
      }
    }
    memset(codes + k, 0, padded - k);
  }
}

/// A table of the functions above, with its matrix products.
#define LMQ_KERNELS(table_name, matmul_function, matmul_int8_function) \
  { \
    .name = table_name, .matmul = matmul_function, .layer_norm = rows_layer_norm, .softmax = rows_softmax, \
    .activate = rows_activate, .binary = rows_binary, .norm_l2 = row_norm_l2, .sum = row_sum, \
    .accumulate = rows_accumulate, .round_bf16 = rows_round_bf16, .widen = rows_widen, .pack = rows_pack, \
    .quantize_rows = rows_quantize, .matmul_int8 = matmul_int8_function, \
  }
