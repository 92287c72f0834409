/* within MODEL BATCH THREADS BUDGET: runs every signature twice on made-up inputs, and prints the most memory that
 * the process ever held, in bytes, and a hash of all outputs. BUDGET 0: the file is mapped; -1: resident. */
#define _POSIX_C_SOURCE 200809L
#include <limequat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static lmq_error error;

static void need(int is_good, const char *what) {
  if (is_good) return;
  fprintf(stderr, "within: %s: %s\n", what, error.message);
  exit(1);
}

static size_t count(const int64_t *dims, uint32_t rank) {
  size_t product = 1;
  for (uint32_t i = 0; i < rank; i++) product *= (size_t)dims[i];
  return product;
}

/* The same numbers in every run: floats in [-1, 1), ids below 1000. */
static void *made_up(lmq_type type, size_t elements) {
  uint32_t state = 1;
  float *floats = calloc(elements, 4);
  need(floats != NULL, "memory");
  for (size_t i = 0; i < elements; i++) {
    state = state * 1664525 + 1013904223;
    if (type == LMQ_TYPE_F32) floats[i] = (float)(int32_t)state / 2147483648.0f;
    else ((int32_t *)floats)[i] = (int32_t)(state >> 8) % 1000;
  }
  return floats;
}

static uint64_t run(lmq_model *model, lmq_session *session, size_t signature, int64_t batch, uint64_t hash) {
  lmq_signature_facts facts = LMQ_SIGNATURE_FACTS_INIT;
  lmq_tensor_facts tensor = LMQ_TENSOR_FACTS_INIT;
  lmq_input input;
  lmq_output output;
  need(lmq_model_describe_signature(model, signature, &facts, &error) == LMQ_OK, "signature");
  need(lmq_model_describe_input(model, signature, 0, &tensor, &error) == LMQ_OK, "input");
  memset(&input, 0, sizeof input);
  memset(&output, 0, sizeof output);
  input.name = tensor.name;
  input.type = tensor.type;
  input.rank = tensor.rank;
  for (uint32_t i = 0; i < tensor.rank; i++) input.dims[i] = tensor.dims[i] < 0 ? batch : tensor.dims[i];
  input.size = 4 * count(input.dims, input.rank);
  void *values = made_up(tensor.type, input.size / 4);
  input.data = values;
  need(lmq_model_describe_output(model, signature, 0, &tensor, &error) == LMQ_OK, "output");
  output.name = tensor.name;
  need(lmq_session_plan(session, facts.name, &input, 1, &output, 1, &error) == LMQ_OK, "plan");
  output.data = malloc(output.size);
  for (int turn = 0; turn < 2; turn++) {
    need(lmq_session_run(session, facts.name, &input, 1, &output, 1, &error) == LMQ_OK, "run");
    for (size_t i = 0; i < output.size; i++) hash = (hash ^ ((unsigned char *)output.data)[i]) * 1099511628211u;
  }
  free(output.data);
  free(values);
  return hash;
}

int main(int argc, char **argv) {
  need(argc == 5, "usage: within MODEL BATCH THREADS BUDGET");
  lmq_options options = LMQ_OPTIONS_INIT;
  long long budget = atoll(argv[4]);
  options.threads = (uint32_t)atoi(argv[3]);
  if (budget > 0) options.memory_budget = (uint64_t)budget;
  if (budget < 0) options.holding = LMQ_HOLDING_RESIDENT;
  lmq_model *model;
  lmq_session *session;
  lmq_model_facts facts = LMQ_MODEL_FACTS_INIT;
  need(lmq_model_open(argv[1], &options, &model, &error) == LMQ_OK, "open");
  need(lmq_session_open(model, NULL, &session, &error) == LMQ_OK, "session");
  need(lmq_model_describe(model, &facts, &error) == LMQ_OK, "describe");
  uint64_t hash = 14695981039346656037u;
  for (size_t i = 0; i < facts.signature_count; i++) hash = run(model, session, i, atoll(argv[2]), hash);
  lmq_session_close(session);
  lmq_model_close(model);
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  printf("%lld %016llx\n", (long long)usage.ru_maxrss * 1024, (unsigned long long)hash);
  return 0;
}
