/* memory MODEL: the memory between operators goes back to the system when a session is trimmed and after a large
 * batch. */
#define _DEFAULT_SOURCE
#include "check.h"
#include <sys/mman.h>
#include <unistd.h>

enum { large = 64 << 20, medium = 16 << 20 };
static lmq_model *model;
static lmq_model_facts facts = LMQ_MODEL_FACTS_INIT;
static lmq_session_counters counters = LMQ_SESSION_COUNTERS_INIT;

/* Bytes of this process that are in memory now. */
static uint64_t resident(void) {
  unsigned long long total = 0, pages = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  CHECK(file && fscanf(file, "%llu %llu", &total, &pages) == 2);
  if (file) fclose(file);
  return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void read_counters(lmq_session *session) {
  SUCCEEDS(lmq_session_read_counters(session, &counters, &error));
}

/* Zeros that go back to the system when they are unmapped: this test's heap must not keep them. */
static float *blank(size_t size) {
  void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(memory != MAP_FAILED);
  return memory;
}

/* Runs batches of blank images that grow until the arena has reached `wanted` bytes. */
static void grow(lmq_session *session, int64_t height, int64_t width, uint64_t wanted) {
  const size_t each = (size_t)(height * width) * 3;
  for (int64_t count = 16; count <= 1 << 16; count *= 2) {
    const size_t read = (size_t)count * each * sizeof(float);
    const size_t written = (size_t)count * facts.embedding_size * sizeof(float);
    float *pixels = blank(read), *vectors = blank(written);
    lmq_input input = {"image", LMQ_TYPE_F32, 4, {count, height, width, 3}, pixels, read};
    lmq_output output = {"embedding", vectors, written, LMQ_TYPE_F32, 0, {0}};
    SUCCEEDS(lmq_session_run(session, "image", &input, 1, &output, 1, &error));
    munmap(pixels, read);
    munmap(vectors, written);
    read_counters(session);
    if (counters.peak_arena_bytes >= wanted) return;
  }
  CHECK(!"the arena grows with the batch");
}

static void check_memory(void) {
  lmq_signature_facts image = LMQ_SIGNATURE_FACTS_INIT;
  size_t index;
  lmq_session *session;
  SUCCEEDS(lmq_model_find_signature(model, "image", &index, &error));
  SUCCEEDS(lmq_model_describe_signature(model, index, &image, &error));
  const int64_t height = (int64_t)image.image_height, width = (int64_t)image.image_width;
  SUCCEEDS(lmq_session_open(model, NULL, &session, &error));
  grow(session, height, width, medium);
  const uint64_t held = counters.arena_bytes, before = resident();
  CHECK(held >= medium && held <= large && held == counters.peak_arena_bytes);
  SUCCEEDS(lmq_session_trim(session, &error));
  const uint64_t after = resident();
  CHECK(after < before && before - after >= held / 4 * 3);

  /* A large batch leaves no more behind than the bound. */
  grow(session, height, width, (uint64_t)large + medium);
  CHECK(counters.arena_bytes <= large && counters.peak_arena_bytes >= (uint64_t)large + medium);
  CHECK(resident() <= after + large + large / 16);
  SUCCEEDS(lmq_session_trim(session, &error));
  CHECK(resident() <= after + large / 16);
  lmq_session_close(session);
}

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  lmq_options options = LMQ_OPTIONS_INIT;
  options.threads = 2;
  SUCCEEDS(lmq_model_open(argv[1], &options, &model, &error));
  if (check_failures) return check_end("memory");
  SUCCEEDS(lmq_model_describe(model, &facts, &error));
  check_memory();
  lmq_model_close(model);
  return check_end("memory");
}
