// Shared by the kernel files: the tables, and the constants of formats/numerics.md.
//
// How a table is made. A file per instruction set (generic.c, avx2.c, avx512.c, neon.c) defines its vector of
// 16 lanes (vector_*.h) and its inner loop of the f32 product, then includes the templates, which hold every
// algorithm once:
//   activations.inc.h  exp, tanh, the normal distribution, activations of one vector
//   rows.inc.h         sums over rows, normalisation, softmax, elementwise work
//   codes.inc.h        8-bit codes of rows, of scores and of matrices
//   matmul.inc.h       products: what follows the sums
// Tables share the way of a product through panels and bands of rows (walk.c), around its inner loop (tile.h).
// The inner loops of int8 products (int8_*.c) are apart, since tables that share all else differ in them; so is
// what the one of AVX2 needs besides (groups_avx2.c).
#ifndef LMQ_KERNELS_INTERNAL_H
#define LMQ_KERNELS_INTERNAL_H

#include <math.h>
#include <string.h>

#include "limequat_kernels.h"

#ifdef __OPTIMIZE__
#define LMQ_INLINE static inline __attribute__((always_inline, unused))
#else
// Inlined but not optimised, each copy would keep its own variables: more than a megabyte of stack.
#define LMQ_INLINE static __attribute__((unused))
#endif

/// What is inlined, too, but once only in a file that defines LMQ_COMPACT first.
#ifdef LMQ_COMPACT
#define LMQ_SHARED static __attribute__((noinline, unused))
#else
#define LMQ_SHARED LMQ_INLINE
#endif

/// What takes little time.
#define LMQ_SMALL __attribute__((minsize))

/// Before a loop with few rounds, a constant number: its arrays must become registers.
#define LMQ_UNROLL _Pragma("clang loop unroll(full)")
/// Before a loop whose body is almost long enough.
#define LMQ_TWICE _Pragma("clang loop unroll_count(2)")
/// Before a loop whose body is long enough.
#define LMQ_ROLLED _Pragma("clang loop unroll(disable)")
/// Before a loop that is not worth more than few instructions.
#define LMQ_SHORT _Pragma("clang loop unroll(disable) vectorize(disable)")
/// Before a loop that need not be unrolled where nothing else is.
#ifdef LMQ_COMPACT
#define LMQ_UNROLL_VARIANT LMQ_ROLLED
#else
#define LMQ_UNROLL_VARIANT LMQ_UNROLL
#endif

enum {
  LMQ_LANES = 16,   // virtual lanes of a row sum
  LMQ_PANEL = 32,   // outputs that lie side by side
  LMQ_BLOCK = 256,  // inputs whose products form one chain of fused additions
};

LMQ_INLINE size_t lmq_min(size_t a, size_t b) { return a < b ? a : b; }

#pragma GCC visibility push(hidden)
extern const lmq_kernels lmq_generic;
#if defined(__x86_64__)
extern const lmq_kernels lmq_avx2, lmq_avx_vnni, lmq_avx512, lmq_avx512_vnni;
#elif defined(__aarch64__)
extern const lmq_kernels lmq_neon, lmq_neon_dotprod, lmq_neon_i8mm;
#endif
#pragma GCC visibility pop

#endif
