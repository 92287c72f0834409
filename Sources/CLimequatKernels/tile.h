// What the inner loops of the matrix products share.
#ifndef LMQ_KERNELS_TILE_H
#define LMQ_KERNELS_TILE_H

#include "internal.h"

// Inputs are counted in units of 4 bytes: one f32, or four int8 codes.

/// How a tile takes the codes of x.
typedef enum {
  LMQ_UNSIGNED,  // as they are
  LMQ_SIGNED,    // 128 less, from -128 to 127: the sum lacks 128 times the sum of the weights
  // As the magnitudes of these and, a plane behind, -1 for negative ones. By exclusive or with that a weight w
  // becomes -w - 1: the sum lacks the magnitudes of all negative codes, too.
  LMQ_SPLIT,
  // In groups of units, whose products are added in 16 bits, but for strays (lmq_strays):
  LMQ_SPLIT_TRIPLES,   // split, but less the row's offset instead of 128: the sum lacks the magnitudes only
  LMQ_UNSIGNED_PAIRS,  // as they are
} lmq_codes;

/// Whether a tile takes all rows of a band.
LMQ_INLINE bool takes_bands(lmq_codes codes) { return codes >= LMQ_SPLIT; }
LMQ_INLINE bool is_split(lmq_codes codes) { return codes == LMQ_SPLIT || codes == LMQ_SPLIT_TRIPLES; }
/// Units of a group.
LMQ_INLINE size_t group_of(lmq_codes codes) {
  return codes == LMQ_SPLIT_TRIPLES ? 3 : codes == LMQ_UNSIGNED_PAIRS ? 2 : 1;
}

enum {
  LMQ_BAND = 64,            // rows of a band at most
  LMQ_GROUPED_UNITS = 192,  // of a block of codes in groups at most
  LMQ_STRAYS = 768,
};

/// Units, or halves of units, that are 0 in their rows and are added by themselves, since the products of their
/// groups might not fit 16 bits.
typedef struct {
  uint16_t first[LMQ_BAND + 1];  // those of row i of a band are [first[i], first[i + 1])
  uint32_t magnitudes[LMQ_STRAYS];
  uint8_t unit[LMQ_STRAYS];
} lmq_strays;

/// The innermost work: the products of `rows` rows of x with k units of a panel. Those of f32 are chains of
/// fused additions over ascending inputs, each beginning at 0.
typedef struct {
  int type;
  size_t rows, k;
  const char *x;     // rows x_bytes apart
  size_t x_bytes;
  lmq_codes codes;
  size_t plane;      // bytes between the planes of split codes
  const lmq_strays *strays;
  const char *w;     // k units of a panel
  void *totals;      // (rows, LMQ_PANEL) f32 or i32: what the sums are added to
  bool is_first;     // they are still to be set to 0
  const char *next;  // NULL, or weights of the next block, to be fetched meanwhile
  size_t next_bytes; // of these for each unit
} lmq_tile;

typedef void lmq_tile_function(const lmq_tile *tile);

#pragma GCC visibility push(hidden)
/// The int8 tiles, by what they are made of, and the most rows they take.
#if defined(__x86_64__)
lmq_tile_function lmq_tile_avx2;         // those of a band, split or unsigned pairs
lmq_tile_function lmq_tile_avx_vnni;     // 6, unsigned
lmq_tile_function lmq_tile_avx512_vnni;  // 12, unsigned
#elif defined(__aarch64__)
lmq_tile_function lmq_tile_neon;          // 3, signed
lmq_tile_function lmq_tile_neon_dotprod;  // 6, signed
lmq_tile_function lmq_tile_neon_i8mm;     // 6, signed
#endif
#pragma GCC visibility pop

LMQ_INLINE size_t element_bytes(int type) { return type == LMQ_F16 || type == LMQ_BF16 ? 2 : 4; }
/// Bytes of one unit of a panel.
LMQ_INLINE size_t panel_row(int type) { return LMQ_PANEL * element_bytes(type); }

/// Runs the last argument for each unit j of a tile. If the tile has a `next`, each of `parts` such runs
/// fetches a part of its weights: ahead and evenly, since experts come from memory, which must not idle.
#define STEPS(tile, part, parts, ...) STEPS_OF(LMQ_ROLLED, tile, part, parts, __VA_ARGS__)
/// The same with the kind of loop.
#define STEPS_OF(loop, tile, part, parts, ...) \
  { \
    const size_t k_ = (tile)->k, bytes_ = (tile)->next_bytes / (parts); \
    const char *fetch_ = (tile)->next ? (tile)->next + (part) * bytes_ * k_ : NULL; \
    loop for (size_t j = 0; j < k_; j++) { \
      if (__builtin_expect(fetch_ != NULL, 1)) { \
        __builtin_prefetch(fetch_, 0, 2); \
        if (parts == 1) __builtin_prefetch(fetch_ + bytes_ / 2, 0, 2); \
        fetch_ += bytes_; \
      } \
      __VA_ARGS__; \
    } \
  }

LMQ_INLINE float load_f32(const char *p) {
  float value;
  memcpy(&value, p, sizeof value);
  return value;
}
LMQ_INLINE int32_t load_i32(const char *p) {
  int32_t value;
  memcpy(&value, p, sizeof value);
  return value;
}

/// Sets totals to 0, if that is still to be done.
LMQ_INLINE void clear_totals(const lmq_tile *t) {
  if (t->is_first) memset(t->totals, 0, t->rows * LMQ_PANEL * 4);
}

/// The unit j of row i.
LMQ_INLINE const char *unit_of(const lmq_tile *t, size_t i, size_t j) { return t->x + i * t->x_bytes + j * 4; }

/// Where the next units of up to 12 rows lie. Three rows share a pointer that walks along: for one each there
/// are not registers enough.
typedef struct { const char *first[4]; size_t x_bytes; } lmq_units;

LMQ_INLINE lmq_units first_units(const lmq_tile *t) {
  lmq_units units = {.x_bytes = t->x_bytes};
  LMQ_UNROLL for (size_t g = 0; g < 4; g++) units.first[g] = t->x + g * 3 * t->x_bytes;
  return units;
}
LMQ_INLINE const char *next_unit(const lmq_units *units, size_t i) {
  return units->first[i / 3] + i % 3 * units->x_bytes;
}
LMQ_INLINE void advance(lmq_units *units) { LMQ_UNROLL for (size_t g = 0; g < 4; g++) units->first[g] += 4; }

/// Keeps the compiler from loading ahead, where there are no registers for it; the processor does so anyway.
#define KEEP_ORDER(sum) __asm__ volatile("" : "+x"(sum)::"memory")

#endif
