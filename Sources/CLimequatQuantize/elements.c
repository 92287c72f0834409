// Conversions of single elements, written so that the compiler makes vectors of them.

#include <string.h>

#include "limequat_quantize.h"

#pragma STDC FP_CONTRACT OFF

static inline float from_bits(uint32_t bits) {
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

static inline uint32_t to_bits(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

void lmq_quantize_widen_bf16(const uint16_t *x, float *y, size_t count) {
  for (size_t i = 0; i < count; i++) y[i] = from_bits((uint32_t)x[i] << 16);
}

void lmq_quantize_widen_f16(const uint16_t *x, float *y, size_t count) {
  for (size_t i = 0; i < count; i++) {
    const uint32_t magnitude = (uint32_t)(x[i] & 0x7FFF) << 13, sign = (uint32_t)(x[i] & 0x8000) << 16;
    // The exponents differ by 112, for denormal halves too; the last exponent stands for infinity and NaN.
    const uint32_t scaled = to_bits(from_bits(magnitude) * 0x1p112f);
    y[i] = from_bits(sign | (magnitude >= 0x0F800000u ? magnitude | 0x7F800000u : scaled));
  }
}

ptrdiff_t lmq_quantize_round_f16(const float *x, uint16_t *y, size_t count) {
  uint32_t most = 0;
  for (size_t i = 0; i < count; i++) {
    const uint32_t bits = to_bits(x[i]), magnitude = bits & 0x7FFFFFFFu;
    most = magnitude > most ? magnitude : most;
    const uint32_t normal = (magnitude + 0xFFFu + (magnitude >> 13 & 1) - 0x38000000u) >> 13;
    // Below 2^-14 halves are multiples of 2^-24: the sum with 2^23 rounds to one.
    const uint32_t denormal = to_bits(from_bits(magnitude) * 0x1p24f + 0x1p23f) - 0x4B000000u;
    y[i] = (uint16_t)((bits >> 16 & 0x8000u) | (magnitude < 0x38800000u ? denormal : normal));
  }
  if (most < 0x477FF000u) return -1;
  for (size_t i = 0; i < count; i++)
    if ((to_bits(x[i]) & 0x7FFFFFFFu) >= 0x477FF000u) return (ptrdiff_t)i;
  return -1;
}

enum { lanes = LMQ_QUANTIZE_LANES, tile = 64 };  // columns at a time, so that what is written stays in cache

void lmq_quantize_rows_to_lanes(const float *from, size_t rows, size_t columns, float *to) {
  for (size_t first = 0; first < columns; first += tile) {
    const size_t end = columns - first < tile ? columns : first + tile;
    for (size_t i = 0; i < lanes; i++)
      for (size_t j = first; j < end; j++) to[j * lanes + i] = i < rows ? from[i * columns + j] : 0;
  }
}

void lmq_quantize_codes_to_rows(const int8_t *from, size_t rows, size_t columns, int8_t *to) {
  for (size_t first = 0; first < columns; first += tile) {
    const size_t end = columns - first < tile ? columns : first + tile;
    for (size_t i = 0; i < rows; i++)
      for (size_t j = first; j < end; j++) to[i * columns + j] = from[(j / 4 * lanes + i) * 4 + j % 4];
  }
}
