/// Inner loops of the quantiser: no allocation, no I/O, no state. formats/quantization.md has the order of
/// every operation, so that every instruction set gives the same bits.
#ifndef LIMEQUAT_QUANTIZE_H
#define LIMEQUAT_QUANTIZE_H

#include <stddef.h>
#include <stdint.h>

#pragma GCC visibility push(hidden)

enum { LMQ_QUANTIZE_LANES = 32 };

/// Where to put what becomes known of the 32 rows of a panel.
typedef struct lmq_panel_rows {
  float *scales;
  int32_t *sums;   // of the codes
  double *signal;  // sums of the squared weights
  double *noise;   // sums of the squared errors
} lmq_panel_rows;

/// Quantises the panel w[k][32], k at most 131,072, into codes[ceil(k/4)][32][4]. Answers -1, or the index into
/// w of the first element that is not finite; then codes and rows are undefined.
ptrdiff_t lmq_quantize_panel(const float *w, size_t k, int8_t *codes, lmq_panel_rows rows);

/// The same with the instructions that every processor of this build has, for comparison.
ptrdiff_t lmq_quantize_panel_baseline(const float *w, size_t k, int8_t *codes, lmq_panel_rows rows);

/// Widens count bfloat16 or IEEE half elements exactly.
void lmq_quantize_widen_bf16(const uint16_t *x, float *y, size_t count);
void lmq_quantize_widen_f16(const uint16_t *x, float *y, size_t count);

/// Rounds count elements to IEEE half, nearest even. Answers -1, or the index of the first element that is not
/// finite or would become infinite (magnitude 65,520 and more); then y is undefined.
ptrdiff_t lmq_quantize_round_f16(const float *x, uint16_t *y, size_t count);

/// Rows as the lanes of a panel: to[j * 32 + i] = from[i * columns + j] for i < rows <= 32, 0 for the other i.
void lmq_quantize_rows_to_lanes(const float *from, size_t rows, size_t columns, float *to);

/// The codes of a panel as rows: to[i * columns + j] = from[(j / 4 * 32 + i) * 4 + j % 4] for i < rows <= 32.
void lmq_quantize_codes_to_rows(const int8_t *from, size_t rows, size_t columns, int8_t *to);

#pragma GCC visibility pop
#endif
