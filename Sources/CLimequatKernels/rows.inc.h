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
    vec total = v_set(v_sum(sum));
    VECTORS(j, count, n) v_write(x + j, count, v_div(v_read(x + j, count, 0.0f), total));
  }
}

static __attribute__((noinline)) void rows_activate(
    const float *x, float *y, size_t n, lmq_activation activation) {
  VECTORS(j, count, n) v_write(y + j, count, v_activate(v_read(x + j, count, 0.0f), activation));
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

static void rows_pack(
    const float *w, size_t k_stride, size_t n_stride, size_t k, size_t n, float factor, float *panels) {
  for (size_t first = 0; first < n; first += LMQ_PANEL) {
    size_t columns = lmq_min(LMQ_PANEL, n - first);
    for (size_t i = 0; i < k; i++, panels += LMQ_PANEL) {
      const float *row = w + i * k_stride + first * n_stride;
      if (n_stride == 1) {
        for (size_t half = 0; half < LMQ_PANEL; half += LMQ_LANES) {
          size_t count = columns > half ? lmq_min(LMQ_LANES, columns - half) : 0;
          vec a = count ? v_mul(v_read(row + half, count, 0.0f), v_set(factor)) : v_set(0.0f);
          v_store(panels + half, a);
        }
      } else {
        for (size_t j = 0; j < columns; j++) panels[j] = row[j * n_stride] * factor;
        for (size_t j = columns; j < LMQ_PANEL; j++) panels[j] = 0.0f;
      }
    }
  }
}

static void rows_quantize(
    const float *x, size_t x_stride, size_t m, size_t k, int8_t *codes, size_t codes_stride, float *scales) {
  for (size_t i = 0; i < m; i++, x += x_stride, codes += codes_stride) {
    // The largest magnitude as bits, whose order is that of the numbers; NaNs are above all.
    ivec bits = i_set(0);
    VECTORS(j, count, k) bits = i_max(bits, i_and(v_bits(v_read(x + j, count, 0.0f)), i_set(0x7FFFFFFF)));
    int32_t lanes[LMQ_LANES], top = 0;
    float largest;
    memcpy(lanes, &bits, sizeof lanes);
    for (size_t lane = 0; lane < LMQ_LANES; lane++) top = lanes[lane] > top ? lanes[lane] : top;
    memcpy(&largest, &top, sizeof largest);
    float factor = 127.0f / largest;
    size_t padded = (k + 3) / 4 * 4;
    if (!(largest < INFINITY && factor < INFINITY)) {
      scales[i] = largest < INFINITY ? 0.0f : NAN;
      memset(codes, 0, padded);
      continue;
    }
    scales[i] = largest / 127.0f;
    VECTORS(j, count, k) {
      vec a = v_mul(v_read(x + j, count, 0.0f), v_set(factor));
      int8_t space[LMQ_LANES];
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
