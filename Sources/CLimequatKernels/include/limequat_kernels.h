/// Inner loops: no allocation, no I/O, no state. One table of functions per instruction set, each bit-equal
/// to `generic`, which defines the result (formats/numerics.md has the order of every operation).
///
/// Sizes are in elements unless they say bytes; a stride is the distance between rows in elements. Products
/// take about 110 KB of stack.
#ifndef LIMEQUAT_KERNELS_H
#define LIMEQUAT_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma GCC visibility push(hidden)

/// Stored element types; the numbers are those of formats/limequat.proto.
enum { LMQ_F32 = 1, LMQ_F16 = 2, LMQ_BF16 = 3, LMQ_INT8 = 4 };

typedef enum lmq_activation {
  LMQ_ACTIVATION_NONE = 0,
  LMQ_ACTIVATION_GELU_TANH,
  LMQ_ACTIVATION_GELU_ERF,
  LMQ_ACTIVATION_QUICK_GELU,  // x * sigmoid(1.702 x)
  LMQ_ACTIVATION_SILU,
  LMQ_ACTIVATION_RELU,
  LMQ_ACTIVATION_TANH,
  LMQ_ACTIVATION_SIGMOID,
} lmq_activation;

typedef enum lmq_binary { LMQ_ADD = 0, LMQ_SUBTRACT, LMQ_MULTIPLY, LMQ_DIVIDE } lmq_binary;

/// y[i, j] = residual[i, j] + activation(sum_k x[row(i), k] * w[k, j] + bias[j])
typedef struct lmq_matmul {
  const float *x;          // (rows of x, k)
  size_t x_stride;
  const uint32_t *x_rows;  // NULL: row(i) = i; else m row numbers, row(i) = x_rows[i]
  const void *panels;      // [ceil(n/32)][k][32] of `type`, 64-byte aligned; padding is zero
  const float *bias;       // (n), or NULL
  const float *residual;   // (m, n), or NULL; may be y itself
  size_t residual_stride;
  float *y;                // (m, n)
  size_t y_stride;
  size_t m, k, n;
  int type;                // LMQ_F32, LMQ_F16 or LMQ_BF16
  lmq_activation activation;
} lmq_matmul;

/// The same with int8 weights and activations: the sum of (code - x_offsets[row(i)]) * weight is an exact
/// integer s, and stands for s * (x_scales[row(i)] * scale of output j).
typedef struct lmq_matmul_int8 {
  const uint8_t *x;        // (rows of x, k): codes of quantize_rows, with its zeros behind k
  size_t x_stride;         // a multiple of 4
  const uint32_t *x_rows;  // NULL: row(i) = i; else m row numbers, row(i) = x_rows[i]
  const float *x_scales;   // one for each row of x
  const int32_t *x_offsets;  // one for each row of x, 0 to 255; above k = 65536 as quantize_rows makes them,
                             // near 128, so that the sum fits 32 bits; NULL: all are 0
  const void *panels;      // codes [ceil(n/32)][ceil(k/4)][32][4], 64-byte aligned, padding is zero; then for
                           // each of 32 * ceil(n/32) outputs its scale (f32), for each its codes' sum (i32)
  const int32_t *limits;   // what `limit_int8` made of the panels; NULL: nothing, which may be slower
  const float *bias;       // (n), or NULL
  const float *residual;   // (m, n), or NULL; may be y itself
  size_t residual_stride;
  float *y;                // (m, n)
  size_t y_stride;
  size_t m, n;
  uint32_t k;              // at most 131072
  lmq_activation activation;
} lmq_matmul_int8;

enum { LMQ_LIMITED_ROWS = 3 };  // products of fewer make no use of limits

/// Numbers that a table's `limit_int8` makes.
static inline size_t lmq_limit_count(size_t k) {
  const size_t units = (k + 3) / 4;
  return (units + 1) / 2 + (units + 2) / 3;
}

typedef struct lmq_kernels {
  const char *name;

  /// Output panels [panel_begin, panel_end) of the product: threads share a product by panels or by rows.
  void (*matmul)(const lmq_matmul *job, size_t panel_begin, size_t panel_end);

  /// y[i] = (x[i] - mean) / sqrt(max(0, mean(x*x) - mean*mean) + epsilon) * scale + bias, for m rows of n.
  /// `bias` may be NULL; y may be x.
  void (*layer_norm)(const float *x, size_t x_stride, float *y, size_t y_stride, size_t m, size_t n,
                     const float *scale, const float *bias, float epsilon);

  /// In place, m rows of n. mask: NULL, or one byte for each column (the same for all rows): a column with 0
  /// gets exactly 0. A row whose columns are all masked becomes all 0.
  void (*softmax)(float *x, size_t x_stride, size_t m, size_t n, const uint8_t *mask);

  /// In place or not, elementwise.
  void (*activate)(const float *x, float *y, size_t count, lmq_activation activation);

  /// y[i] = a[i] op b[i]; with b_is_scalar b has one element.
  void (*binary)(const float *a, const float *b, float *y, size_t count, lmq_binary op, bool b_is_scalar);

  /// sqrt(sum x*x) of one row.
  float (*norm_l2)(const float *x, size_t n);
  /// sum x of one row.
  float (*sum)(const float *x, size_t n);

  /// y[j] = y[j] + factor * x[j]: two roundings (multiply, then add), in no fused form.
  void (*accumulate)(float *y, const float *x, float factor, size_t count);

  /// Rounds to bfloat16 (nearest even) and back.
  void (*round_bf16)(const float *x, float *y, size_t count);

  /// Widens count elements of LMQ_F16 or LMQ_BF16 exactly (LMQ_F32: copies).
  void (*widen)(const void *x, int type, float *y, size_t count);

  /// Packs the f32 matrix w[k][n], element (k, n) at w[k * k_stride + n * n_stride], times `factor`,
  /// into panels [ceil(n/32)][k][32], padding with zeros. Used for attention's keys and values.
  void (*pack)(const float *w, size_t k_stride, size_t n_stride, size_t k, size_t n, float factor,
               float *panels);

  /// Makes 8-bit codes of m rows of k, each row with its own scale and offset, so that x is about
  /// scale * (code - offset): the 256 codes go from the least to the largest of the row and 0 (above k = 65536
  /// evenly on both sides of 0), and the code of 0 is the offset. A row that is 0, or nearly, has codes, scale
  /// and offset 0; one that is not finite has codes and offset 0 and a NaN as its scale. Codes behind k, up to
  /// a multiple of 4, are set to 0.
  void (*quantize_rows)(const float *x, size_t x_stride, size_t m, size_t k, uint8_t *codes,
                        size_t codes_stride, float *scales, int32_t *offsets);

  /// Softmax of m rows of n as codes, with their scales: the share of column j is about code * scale. Codes
  /// behind n, up to a multiple of 4, are set to 0. mask: as `softmax`.
  void (*softmax_codes)(const float *x, size_t x_stride, size_t m, size_t n, const uint8_t *mask,
                        uint8_t *codes, size_t codes_stride, float *scales);

  /// Makes panels for `matmul_int8` of the f32 matrix w[k][n], element (k, n) at
  /// w[n / 32 * panel_stride + k * k_stride + n % 32]: each output with its own scale, the largest magnitude
  /// having the code 127. k is at most 65536.
  void (*pack_codes)(const float *w, size_t k_stride, size_t panel_stride, size_t k, size_t n, void *panels);

  /// NULL, or makes what `matmul_int8` of this table wants to know of panels: lmq_limit_count(k) numbers. k and
  /// n are at least 1.
  void (*limit_int8)(const void *panels, size_t k, size_t n, int32_t *limits);

  /// As `matmul`.
  void (*matmul_int8)(const lmq_matmul_int8 *job, size_t panel_begin, size_t panel_end);
} lmq_kernels;

/// The table that `name` asks for, or NULL when this build has none of that name or the processor cannot
/// run it. NULL as a name asks for the fastest that runs here.
const lmq_kernels *lmq_kernels_find(const char *name);

/// Names of all tables that run here, fastest first; NULL past the end.
const char *lmq_kernels_name(size_t index);

/// Sets rounding to nearest and denormals on for the calling thread; answers what was set before, for
/// `lmq_kernels_leave`. Host programs (PyTorch among them) change these.
uint64_t lmq_kernels_enter(void);
void lmq_kernels_leave(uint64_t state);

#pragma GCC visibility pop
#endif
