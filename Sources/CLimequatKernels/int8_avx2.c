// Int8 products for x86-64 with AVX2. maddubs multiplies unsigned with signed bytes and adds pairs in 16
// bits; it takes the magnitude of a signed code, up to 128, and the weight, inverted where the code is
// negative: sums from 2 * 128 * -128 to 2 * 128 * 127 fit and are exact. (vpsignb would spare the correction
// of LMQ_SPLIT, but it shares the multiplications' ports.)
//
// Most codes and weights are far smaller: the products of two or three units then fit 16 bits together, and are
// widened to 32 bits only once. Codes that are small as they are, as those behind a GELU, need no sign.
#if defined(__x86_64__)

#include <immintrin.h>

#include "walk.h"

#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)

enum {
  REGISTERS = 4,         // of a unit of a panel
  UNIT = LMQ_PANEL * 4,  // its bytes
};

LMQ_INLINE __m256i load(const char *p) { return _mm256_load_si256((const __m256i *)(const void *)p); }
LMQ_INLINE void store_any(char *p, __m256i a) { _mm256_storeu_si256((__m256i *)(void *)p, a); }
LMQ_INLINE __m256i spread(const char *p) { return _mm256_set1_epi32(load_i32(p)); }

typedef struct { __m256i of[2][REGISTERS]; } sums;

/// 16 sums of two products each.
LMQ_INLINE __m256i products(bool split, __m256i a, __m256i negative, const char *w) {
  return _mm256_maddubs_epi16(a, split ? _mm256_xor_si256(negative, load(w)) : load(w));
}
LMQ_INLINE void add(sums *s, size_t i, size_t r, __m256i a) {
  s->of[i][r] = _mm256_add_epi32(s->of[i][r], _mm256_madd_epi16(a, _mm256_set1_epi16(1)));
  KEEP_ORDER(s->of[i][r]);
}

LMQ_INLINE void add_products(sums *s, size_t i, bool split, __m256i a, __m256i negative, const char *w) {
  LMQ_UNROLL for (size_t r = 0; r < REGISTERS; r++) add(s, i, r, products(split, a, negative, w + r * 32));
}

/// Of a group of units. Each row reads the weights anew, as an operand in the first cache: to the processor that
/// is no instruction more, and leaves registers.
LMQ_INLINE void add_group(
    sums *s, bool split, size_t group, size_t rows, const char *x, size_t x_bytes, size_t plane, const char *w) {
  LMQ_UNROLL for (size_t i = 0; i < rows; i++, x += x_bytes) {
    __m256i together[REGISTERS];
    LMQ_UNROLL for (size_t unit = 0; unit < group; unit++) {
      const char *of_unit = x + unit * 4;
      const __m256i a = spread(of_unit), negative = split ? spread(of_unit + plane) : a;
      LMQ_UNROLL for (size_t r = 0; r < REGISTERS; r++) {
        const __m256i more = products(split, a, negative, w + unit * UNIT + r * 32);
        together[r] = unit ? _mm256_add_epi16(together[r], more) : more;
        if (group > 1) KEEP_ORDER(together[r]);
      }
    }
    LMQ_UNROLL for (size_t r = 0; r < REGISTERS; r++) add(s, i, r, together[r]);
  }
}

LMQ_INLINE void load_totals(const lmq_tile *t, size_t rows, const char *totals, sums *s) {
  LMQ_UNROLL for (size_t i = 0; i < rows; i++)
    LMQ_UNROLL for (size_t r = 0; r < REGISTERS; r++)
      s->of[i][r] = t->is_first ? _mm256_setzero_si256() : load(totals + (i * REGISTERS + r) * 32);
}
LMQ_INLINE void store_totals(size_t rows, const sums *s, char *totals) {
  LMQ_UNROLL for (size_t i = 0; i < rows; i++)
    LMQ_UNROLL for (size_t r = 0; r < REGISTERS; r++) store_any(totals + (i * REGISTERS + r) * 32, s->of[i][r]);
}

/// Weights that are fetched meanwhile: so many bytes with each unit, up to two cache lines.
typedef struct { const char *next; size_t bytes; } fetching;

LMQ_INLINE void fetch(fetching *f) {
  if (__builtin_expect(!f->next, 0)) return;
  __builtin_prefetch(f->next, 0, 2);
  __builtin_prefetch(f->next + f->bytes / 2, 0, 2);
  f->next += f->bytes;
}
/// Memory has the time of the first `parts` steps of a tile, which is enough.
LMQ_INLINE fetching part_of(const lmq_tile *t, size_t step, size_t parts) {
  const size_t bytes = t->next_bytes / parts;
  return (fetching){t->next && step < parts ? t->next + step * t->k * bytes : NULL, bytes};
}

/// Those of row `row` of a band, which is row i of the sums.
LMQ_INLINE void add_strays(sums *s, size_t i, bool split, size_t row, const lmq_tile *t) {
  const lmq_strays *const strays = t->strays;
  const char *const negative = t->x + row * t->x_bytes + t->plane;
  const size_t end = strays->first[row + 1];
  LMQ_ROLLED for (size_t j = strays->first[row]; j < end; j++) {
    const size_t unit = strays->unit[j];
    const __m256i a = _mm256_set1_epi32((int32_t)strays->magnitudes[j]);
    add_products(s, i, split, a, split ? spread(negative + unit * 4) : a, t->w + unit * UNIT);
  }
}

/// `rows` rows from row `first` on. Behind the last unit are zeros to a whole group, for which weights, or
/// scales, behind the panel are read.
LMQ_INLINE void tile_of(lmq_codes codes, size_t rows, size_t first, const lmq_tile *t, fetching f) {
  const bool split = is_split(codes);
  const size_t group = group_of(codes), x_bytes = t->x_bytes, plane = t->plane, k = t->k;
  char *const totals = (char *)t->totals + first * LMQ_PANEL * 4;
  const char *x = t->x + first * t->x_bytes, *w = t->w;
  sums s;
  load_totals(t, rows, totals, &s);
  LMQ_ROLLED for (size_t j = 0; j < k; j += group, x += group * 4, w += group * UNIT) {
    LMQ_UNROLL for (size_t i = 0; i < group; i++) fetch(&f);
    add_group(&s, split, group, rows, x, x_bytes, plane, w);
  }
  if (group > 1 || (rows == 1 && t->codes != LMQ_SPLIT))
    LMQ_UNROLL for (size_t i = 0; i < rows; i++) add_strays(&s, i, split, first + i, t);
  store_totals(rows, &s, totals);
}

/// Takes all rows of a band, two at a time.
void lmq_tile_avx2(const lmq_tile *t) {
  for (size_t i = 0; i < t->rows; i += 2) {
    const size_t rows = lmq_min(t->rows - i, 2);
    const fetching f = t->rows <= 2 ? part_of(t, 0, 1) : part_of(t, i / 2, 2);
    switch (t->codes * 2 + rows) {
    case LMQ_SPLIT * 2 + 1:
    case LMQ_SPLIT_TRIPLES * 2 + 1: tile_of(LMQ_SPLIT, 1, i, t, f); break;  // what fits together does so alone
    case LMQ_SPLIT * 2 + 2: tile_of(LMQ_SPLIT, 2, i, t, f); break;
    case LMQ_SPLIT_TRIPLES * 2 + 2: tile_of(LMQ_SPLIT_TRIPLES, 2, i, t, f); break;
    case LMQ_UNSIGNED_PAIRS * 2 + 1: tile_of(LMQ_UNSIGNED_PAIRS, 1, i, t, f); break;
    case LMQ_UNSIGNED_PAIRS * 2 + 2: tile_of(LMQ_UNSIGNED_PAIRS, 2, i, t, f); break;
    }
  }
}

#pragma clang attribute pop
#endif
