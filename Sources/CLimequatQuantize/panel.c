// The search of formats/quantization.md, section 3, on a panel of 32 rows. A lane of a vector is a row, so no sum
// crosses lanes, and each sum has the one order that the page defines.

#include <string.h>

#include "limequat_quantize.h"

#pragma STDC FP_CONTRACT OFF
// Vectors wider than the processor's are passed only between functions that are inlined.
#pragma clang diagnostic ignored "-Wpsabi"

enum { lanes = LMQ_QUANTIZE_LANES, step = 8, candidates = 8 };

typedef float v8f __attribute__((ext_vector_type(8)));
typedef double v8d __attribute__((ext_vector_type(8)));
typedef int32_t v8i __attribute__((ext_vector_type(8)));
typedef uint32_t v8u __attribute__((ext_vector_type(8)));

// The scales that are tried are these parts of (largest magnitude / 127), the largest first.
static const double factors[candidates] = {
  259.0 / 256, 258.0 / 256, 257.0 / 256, 1.0, 255.0 / 256, 254.0 / 256, 252.0 / 256, 248.0 / 256,
};
// The largest scale whose 127-fold is finite in f32, and the least that is no denormal.
static const double largest_scale = 0x1.020406p+121, least_scale = 0x1p-126;

#define INLINE static inline __attribute__((always_inline))

INLINE v8d load(const float *w) {
  v8f x;
  memcpy(&x, w, sizeof x);
  return __builtin_convertvector(x, v8d);
}

/// w * inverse, rounded to nearest even (the sum with 1.5 * 2^52 has no bits for fractions), then clamped.
INLINE v8d code(v8d w, v8d inverse) {
  const v8d magic = 0x1.8p52, limit = 127.0;
  v8d q = (w * inverse + magic) - magic;
  q = q > limit ? limit : q;
  return q < -limit ? -limit : q;
}

/// The largest magnitude of each of 8 rows, as bits: they order as the numbers do, infinity and NaN last.
INLINE v8u largest(const float *w, size_t k) {
  v8u most = 0;
  for (size_t i = 0; i < k; i++) {
    v8u x;
    memcpy(&x, w + i * lanes, sizeof x);
    x &= 0x7FFFFFFFu;
    most = x > most ? x : most;
  }
  return most;
}

/// The scale of least squared error for the codes of the best candidate. Rows of zeros get 0: what is
/// computed for them is NaN, which is greater than nothing.
INLINE v8f search(const float *w, size_t k, v8d amax) {
  v8d best = 0, scale = 0;
  for (int c = 0; c < candidates; c += 2) {
    const v8d inverse_a = 127.0 / (amax * factors[c]), inverse_b = 127.0 / (amax * factors[c + 1]);
    v8d product_a = 0, square_a = 0, product_b = 0, square_b = 0;
    for (size_t i = 0; i < k; i++) {
      const v8d x = load(w + i * lanes);
      const v8d a = code(x, inverse_a), b = code(x, inverse_b);
      product_a += x * a;
      square_a += a * a;
      product_b += x * b;
      square_b += b * b;
    }
    // By how much the squared error of these codes is less than the sum of squares.
    const v8d gain_a = product_a * product_a / square_a, gain_b = product_b * product_b / square_b;
    scale = gain_a > best ? product_a / square_a : scale;
    best = gain_a > best ? gain_a : best;
    scale = gain_b > best ? product_b / square_b : scale;
    best = gain_b > best ? gain_b : best;
  }
  scale = scale > largest_scale ? (v8d)largest_scale : scale;
  const v8d stored = __builtin_convertvector(__builtin_convertvector(scale, v8f), v8d);
  return __builtin_convertvector(stored < least_scale ? (v8d)0.0 : stored, v8f);
}

/// Codes of 8 rows and their sums; `lane` is the first of the rows.
INLINE void encode(const float *w, size_t k, v8f scale, int8_t *codes, lmq_panel_rows rows, int lane) {
  const v8d s = __builtin_convertvector(scale, v8d);
  const v8d inverse = s > 0 ? 1.0 / s : (v8d)0.0;
  v8d signal = 0, noise = 0;
  v8i sums = 0;
  for (size_t i = 0; i < k; i += 4) {
    v8u word = 0;  // 4 codes of each row
    const size_t count = k - i < 4 ? k - i : 4;
    for (size_t j = 0; j < count; j++) {
      const v8d x = load(w + (i + j) * lanes);
      const v8d q = code(x, inverse);
      const v8d error = x - q * s;
      signal += x * x;
      noise += error * error;
      const v8i number = __builtin_convertvector(q, v8i);
      sums += number;
      word |= ((v8u)number & 255u) << (uint32_t)(8 * j);
    }
    memcpy(codes + i * lanes, &word, sizeof word);
  }
  memcpy(rows.scales + lane, &scale, sizeof scale);
  memcpy(rows.sums + lane, &sums, sizeof sums);
  memcpy(rows.signal + lane, &signal, sizeof signal);
  memcpy(rows.noise + lane, &noise, sizeof noise);
}

INLINE ptrdiff_t quantize(const float *w, size_t k, int8_t *codes, lmq_panel_rows rows) {
  float amax[lanes];
  for (int lane = 0; lane < lanes; lane += step) {
    const v8u most = largest(w + lane, k);
    memcpy(amax + lane, &most, sizeof most);
  }
  for (int lane = 0; lane < lanes; lane++)
    if (!__builtin_isfinite(amax[lane]))
      for (size_t i = 0; i < k * lanes; i++)
        if (!__builtin_isfinite(w[i])) return (ptrdiff_t)i;
  for (int lane = 0; lane < lanes; lane += step) {
    const v8f scale = search(w + lane, k, load(amax + lane));
    encode(w + lane, k, scale, codes + 4 * lane, rows, lane);
  }
  return -1;
}

ptrdiff_t lmq_quantize_panel_baseline(const float *w, size_t k, int8_t *codes, lmq_panel_rows rows) {
  return quantize(w, k, codes, rows);
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static ptrdiff_t quantize_avx2(
    const float *w, size_t k, int8_t *codes, lmq_panel_rows rows) {
  return quantize(w, k, codes, rows);
}

ptrdiff_t lmq_quantize_panel(const float *w, size_t k, int8_t *codes, lmq_panel_rows rows) {
  if (__builtin_cpu_supports("avx2")) return quantize_avx2(w, k, codes, rows);
  return quantize(w, k, codes, rows);
}
#else
ptrdiff_t lmq_quantize_panel(const float *w, size_t k, int8_t *codes, lmq_panel_rows rows) {
  return quantize(w, k, codes, rows);
}
#endif
