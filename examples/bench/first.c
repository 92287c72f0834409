/* first MODEL SIGNATURE BATCH THREADS HOLDING SECONDS: a C program that opens a model and embeds; prints one JSON
 * object. HOLDING is mapped, unchecked (mapped, checksums not compared), resident, or a budget in bytes.
 *
 * ready_at is the monotonic clock's time in seconds when the first vector was there; whoever started the process
 * knows when that was. Calls go on until SECONDS are over. peak_bytes is the process's greatest resident set;
 * hits, misses, bytes_read and wait_ms are those of calls after the first. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "input.h"
#include "limequat.h"

enum { MOST_CALLS = 4096, VOCABULARY = 32000 };

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int fail(const lmq_error *error) {
  fprintf(stderr, "first: %s\n", error->message);
  return 1;
}

/* A field of /proc/self/status in bytes. */
static uint64_t status(const char *key) {
  FILE *file = fopen("/proc/self/status", "r");
  char line[256];
  uint64_t kib = 0;
  while (file && fgets(line, sizeof line, file))
    if (strncmp(line, key, strlen(key)) == 0) kib = strtoull(line + strlen(key), NULL, 10);
  if (file) fclose(file);
  return kib * 1024;
}

/* Numbers in [-1, 1), or ids: the same in each run. */
static void fill(lmq_type type, void *data, size_t count) {
  uint64_t state = 1;
  for (size_t i = 0; i < count; i++) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    if (type == LMQ_TYPE_F32) ((float *)data)[i] = (float)(int32_t)(state >> 32) / 2147483648.0f;
    else ((int32_t *)data)[i] = (int32_t)((state >> 33) % VOCABULARY);
  }
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

int main(int count, char **words) {
  static double times[MOST_CALLS];
  if (count != 7) return fputs("usage: first MODEL SIGNATURE BATCH THREADS HOLDING SECONDS\n", stderr), 2;
  double start = now(), seconds = atof(words[6]);
  lmq_error error;
  lmq_model *model = NULL;
  lmq_session *session = NULL;
  lmq_options options = LMQ_OPTIONS_INIT;
  options.threads = (uint32_t)atoi(words[4]);
  options.memory_budget = strtoull(words[5], NULL, 10);
  if (strcmp(words[5], "resident") == 0) options.holding = LMQ_HOLDING_RESIDENT;
  if (strcmp(words[5], "unchecked") == 0) options.verify = LMQ_VERIFY_NEVER;
  if (lmq_model_open(words[1], &options, &model, &error)) return fail(&error);
  if (lmq_session_open(model, NULL, &session, &error)) return fail(&error);
  double opened = now();

  lmq_input input;
  if (describe_input(model, words[2], atoll(words[3]), &input, &error)) return fail(&error);
  void *data = malloc(input.size);
  if (!data) return 3;
  fill(input.type, data, input.size / 4);
  input.data = data;
  lmq_output output = {.name = "embedding"};
  if (lmq_session_plan(session, words[2], &input, 1, &output, 1, &error)) return fail(&error);
  if (!(output.data = malloc(output.size))) return 3;
  double called = now();
  if (lmq_session_run(session, words[2], &input, 1, &output, 1, &error)) return fail(&error);
  double ready = now();
  uint64_t first_peak = status("VmHWM:");
  lmq_model_counters before = LMQ_MODEL_COUNTERS_INIT, after = LMQ_MODEL_COUNTERS_INIT;
  lmq_session_counters held = LMQ_SESSION_COUNTERS_INIT;
  if (lmq_model_read_counters(model, &before, &error)) return fail(&error);

  size_t calls = 0;
  for (; calls < MOST_CALLS && (seconds > 0 && (calls < 3 || now() - ready < seconds)); calls++) {
    double begin = now();
    if (lmq_session_run(session, words[2], &input, 1, &output, 1, &error)) return fail(&error);
    times[calls] = now() - begin;
  }
  if (lmq_model_read_counters(model, &after, &error)) return fail(&error);
  if (lmq_session_read_counters(session, &held, &error)) return fail(&error);
  qsort(times, calls, sizeof *times, ascending);
  printf("{\"open_ms\": %.3f, \"first_ms\": %.3f, \"ready_at\": %.6f, \"calls\": %zu, \"median_ms\": %.3f, ",
         (opened - start) * 1e3, (ready - called) * 1e3, ready, calls, calls ? times[calls / 2] * 1e3 : 0.0);
  printf("\"first_bytes_read\": %" PRIu64 ", \"hits\": %" PRIu64 ", \"misses\": %" PRIu64 ", ", before.bytes_read,
         after.hits - before.hits, after.misses - before.misses);
  printf("\"bytes_read\": %" PRIu64 ", \"wait_ms\": %.3f, \"peak_expert_bytes\": %" PRIu64 ", ",
         after.bytes_read - before.bytes_read,
         1e-6 * (double)(after.wait_nanoseconds - before.wait_nanoseconds), after.peak_expert_bytes);
  printf("\"arena_bytes\": %" PRIu64 ", ", held.peak_arena_bytes);
  printf("\"first_peak_bytes\": %" PRIu64 ", \"peak_bytes\": %" PRIu64 "}\n", first_peak, status("VmHWM:"));
  lmq_session_close(session);
  lmq_model_close(model);
  free(data);
  free(output.data);
  return 0;
}
