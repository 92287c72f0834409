// 8-bit codes of rows, of scores and of matrices (formats/numerics.md, "Int8" and "Attention with codes").
// Included by each table after rows.inc.h.

#pragma STDC FP_CONTRACT OFF

LMQ_INLINE void codes_write(uint8_t *codes, size_t count, vec a) {
  if (count == LMQ_LANES) {
    v_codes(codes, a);
  } else {
#ifdef V_CODES_N
    v_codes_n(codes, count, a);
#else
    uint8_t space[LMQ_LANES];
    v_codes(space, a);
    memcpy(codes, space, count);
#endif
  }
}

/// Added to a number whose magnitude is below 2^22, this makes it an integer, which its low bits are then.
static const float integral = 0x1.8p+23f;
enum { INTEGRAL_BITS = 0x4B400000 };

LMQ_INLINE float nearest_even(float a) { return (a + integral) - integral; }

enum { WIDEST_OFFSET_ROW = 65536 };  // inputs for which the sum of (code - offset) * weight fits 32 bits

static void rows_quantize(
    const float *x, size_t x_stride, size_t m, size_t k, uint8_t *codes, size_t codes_stride, float *scales,
    int32_t *offsets) {
  for (size_t i = 0; i < m; i++, x += x_stride, codes += codes_stride) {
    vec below = v_set(0.0f), above = v_set(0.0f), bad = v_set(0.0f);
    VECTORS(j, count, k) {
      vec a = v_read(x + j, count, 0.0f);
      below = v_min(below, a);
      above = v_max(above, a);
      bad = v_add(bad, v_sub(a, a));  // a NaN for what is not finite
    }
    // From -low to high.
    float low = v_largest(v_sub(v_set(0.0f), below)), high = v_largest(above), finite = v_sum(bad);
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
      codes_write(codes + j, count, a);
    }
    memset(codes + k, 0, padded - k);
  }
}

static void rows_softmax_codes(
    const float *x, size_t x_stride, size_t m, size_t n, const uint8_t *mask, uint8_t *codes,
    size_t codes_stride, float *scales) {
  const bool empty = masks_all(mask, n);
  const size_t padded = (n + 3) / 4 * 4;
  for (size_t i = 0; i < m; i++, x += x_stride, codes += codes_stride) {
    if (empty) {
      memset(codes, 0, padded);
      scales[i] = 0.0f;
      continue;
    }
    vec top = row_largest(x, n, mask), sum = v_set(0.0f);
    VECTORS(j, count, n) {
      vec e = exp_below(x + j, count, top, mask ? mask + j : NULL);
      vec code = v_sub(v_fma(e, v_set(255.0f), v_set(integral)), v_set(integral));
      sum = v_add(sum, code);
      codes_write(codes + j, count, v_max(code, v_set(0.0f)));  // of a NaN 0
    }
    scales[i] = 1.0f / v_sum(sum);
    memset(codes + n, 0, padded - n);
  }
}

/// Sixteen outputs of a matrix, or `count`: a column of vectors.
typedef struct { const float *w; size_t stride, count; } outputs;

LMQ_SHARED vec row_of(outputs o, size_t i) { return v_read(o.w + i * o.stride, o.count, 0.0f); }

/// The codes of four inputs from `first` on, less if `rows` is, as a panel has them; adds them to `sums`.
LMQ_SHARED ivec code_unit(outputs o, size_t first, size_t rows, vec factor, vec bad, ivec *sums) {
  ivec unit = i_set(0);
  LMQ_UNROLL_VARIANT for (size_t i = 0; i < 4; i++) {
    if (i >= rows) continue;
    vec code = v_add(v_fma(row_of(o, first + i), factor, v_set(integral)), bad);
    ivec bits = v_bits(v_where_nan(code, v_set(integral), code));
    *sums = i_add(*sums, bits);
    unit = i_or(unit, i_left(i_and(bits, i_set(0xFF)), 8 * (int)i));
  }
  return unit;
}

/// Their codes, scales and sums.
static void pack_outputs(outputs o, size_t k, char *codes, float *scales, float *sums) {
  vec largest = v_set(0.0f), bad = v_set(0.0f);
  LMQ_ROLLED for (size_t i = 0; i < k; i++) {
    vec a = row_of(o, i);
    largest = v_max(largest, v_max(a, v_sub(v_set(0.0f), a)));
    bad = v_add(bad, v_sub(a, a));  // a NaN for what is not finite
  }
  vec factor = v_div(v_set(127.0f), largest), infinite = v_sub(factor, factor);
  factor = v_where_nan(infinite, v_set(0.0f), factor);
  vec scale = v_where_nan(infinite, v_set(0.0f), v_div(largest, v_set(127.0f)));
  v_store(scales, v_add(scale, bad));
  ivec sum = i_set(0);
  LMQ_ROLLED for (size_t i = 0; i < k; i += 4, codes += LMQ_PANEL * 4) {
    size_t rows = lmq_min(4, k - i);
    ivec unit = code_unit(o, i, rows, factor, bad, &sum);
    v_store((float *)(void *)codes, v_from_bits(unit));
  }
  v_store(sums, v_from_bits(i_sub(sum, i_set((uint32_t)k * INTEGRAL_BITS))));
}

static void rows_pack_codes(
    const float *w, size_t k_stride, size_t panel_stride, size_t k, size_t n, void *panels) {
  const size_t count = (n + LMQ_PANEL - 1) / LMQ_PANEL, panel_bytes = (k + 3) / 4 * 4 * LMQ_PANEL;
  float *scales = (float *)(void *)((char *)panels + count * panel_bytes), *sums = scales + count * LMQ_PANEL;
  for (size_t output = 0; output < count * LMQ_PANEL; output += LMQ_LANES) {
    const size_t panel = output / LMQ_PANEL, lane = output % LMQ_PANEL;
    const outputs o = {
        w + panel * panel_stride + lane, k_stride, output < n ? lmq_min(LMQ_LANES, n - output) : 0};
    pack_outputs(o, k, (char *)panels + panel * panel_bytes + lane * 4, scales + output, sums + output);
  }
}
