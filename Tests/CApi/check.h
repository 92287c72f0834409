/* What the C tests share: counting checks, saying where one failed, and reading a whole file. */
#ifndef CHECK_H
#define CHECK_H
#include <limequat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int check_failures, check_count;
static lmq_error error; /* of the last call */

#define CHECK(condition) \
  do { \
    check_count++; \
    if (!(condition)) { \
      check_failures++; \
      printf("%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
    } \
  } while (0)

/* The call answers `wanted`, and `error` agrees; when it refuses, the message contains `word`. */
#define ANSWERS(wanted, word, call) \
  do { \
    memset(&error, 0x55, sizeof error); \
    check_answer(__FILE__, __LINE__, #call, wanted, word, call); \
  } while (0)
#define SUCCEEDS(call) ANSWERS(LMQ_OK, "", call)

static inline void check_answer(const char *file, int line, const char *call, lmq_status wanted, const char *word,
                                lmq_status got) {
  check_count++;
  int told = error.status == got && memchr(error.message, 0, sizeof error.message) &&
             (got == LMQ_OK ? error.message[0] == 0 && error.system_error == 0 : error.message[0] != 0);
  if (got == wanted && told && strstr(error.message, word)) return;
  check_failures++;
  printf("%s:%d: %s\n  wanted %s naming \"%s\", got %s, error says %s: %.504s\n", file, line, call,
         lmq_status_name(wanted), word, lmq_status_name(got), lmq_status_name(error.status), error.message);
}

static inline int check_end(const char *name) {
  printf("%s: %d checks, %d failed\n", name, check_count, check_failures);
  return check_failures ? 1 : 0;
}

/* The bytes of a file, aligned to 64; freed by the caller. */
static inline void *read_file(const char *path, size_t *size) {
  FILE *file = fopen(path, "rb");
  if (!file) return NULL;
  void *bytes = NULL;
  long length = fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;
  if (length >= 0 && fseek(file, 0, SEEK_SET) == 0 && posix_memalign(&bytes, 64, (size_t)length + 1) == 0) {
    *size = fread(bytes, 1, (size_t)length, file);
    if (*size != (size_t)length) {
      free(bytes);
      bytes = NULL;
    }
  }
  fclose(file);
  return bytes;
}
#endif
