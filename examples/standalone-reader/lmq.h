/* A second reader of .lmq files, for the C library alone, written from formats/container.md in its order.
   It reads the whole file into memory, checks rules C01 to C39, and prints what it found. */
#ifndef LMQ_H
#define LMQ_H

#include <stddef.h>
#include <stdint.h>

/* Bytes inside the file; not terminated by a zero. */
struct text {
  const uint8_t *at;
  size_t size;
};

/* Numbers as they lie in the manifest; rules.c says which are allowed. */
enum { F32 = 1, F16, BF16, INT8, U8, I32, I64, BOOL };
enum { ROWS = 1, PANEL32 = 2 };

struct dimension {
  struct text name;
  uint64_t min, max;
};

struct signature {
  struct text name, model, modality;
  struct dimension *dimensions;
  size_t dimension_count;
  int has_image_preprocessing, has_tokenizer;
  uint32_t image_preprocessing, tokenizer;
};

struct tensor {
  struct text name;
  uint32_t type, layout, crc;
  uint64_t dims[8], offset, size;
  size_t rank; /* may be above 8 until C15 is checked; then only 8 dims are stored */
};

struct usage {
  struct text modality;
  float share;
};

struct expert {
  uint32_t encoding, crc;
  uint64_t offset, size;
  struct usage *usages;
  size_t usage_count;
};

struct bank {
  struct text name;
  uint32_t input, hidden, output;
  int gated;
  struct expert *experts;
  size_t expert_count;
};

struct preprocessing {
  uint32_t height, width, resize, size, interpolation;
  float low, high, mean[3], std[3];
  size_t mean_count, std_count;
};

enum { PIECES, PIECE_OFFSETS, SCORES, PIECE_TYPES, CHARACTER_MAP, TABLES };

struct tokenizer {
  uint32_t kind, max_length, eos, eos_id, pad_id, unknown_id;
  int has_eos_id, has_pad_id, lower_case, flags[5];
  struct text tables[TABLES];
};

struct metadata {
  struct text key, value;
};

struct file {
  const uint8_t *bytes;
  uint64_t size;
  uint16_t major, minor;
  uint64_t manifest_offset, manifest_size;
  uint32_t manifest_crc;

  struct text *features;
  struct signature *signatures;
  struct tensor *tensors;
  struct bank *banks;
  struct preprocessing *preprocessings;
  struct tokenizer *tokenizers;
  struct metadata *metadata;
  size_t feature_count, signature_count, tensor_count, bank_count, preprocessing_count, tokenizer_count,
      metadata_count;
  uint32_t embedding_size;
  int has_logit_scale;
  float logit_scale;
};

/* Prints the rule and what is wrong, and ends the program with 1. */
void refuse(const char *rule, const char *format, ...);

uint32_t crc32c(const uint8_t *bytes, size_t size);
void read_header(struct file *file);                       /* section 2: C01 to C08 */
void read_manifest(struct file *file);                     /* section 3: C09 */
void check_manifest(const struct file *file);              /* sections 3 to 8: C10 to C32 */
void check_data(const struct file *file);                  /* section 10: C33 to C39 */
void print(const struct file *file);

/* The extents of the file, ascending by offset; header first. Also checks C19 and C20. */
struct extent {
  uint64_t offset, size;
};
struct extent *sorted_extents(const struct file *file, size_t *count);

const struct tensor *find_tensor(const struct file *file, struct text name);

/* a * b + c, or UINT64_MAX where that does not fit 63 bits; UINT64_MAX stays what it is. */
uint64_t times_plus(uint64_t a, uint64_t b, uint64_t c);

/* Room for another element of a list that grows; zeroed. */
void *grow(void *list, size_t count, size_t size);

#endif
