/* state MODEL: what sessions and models keep between calls and tell of: the routing of the last run, counters, plans
 * within a bound, experts within a budget. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"

enum { most_plans = 8 };
static lmq_model *model;
static lmq_model_facts facts = LMQ_MODEL_FACTS_INIT;
static lmq_session_counters counters = LMQ_SESSION_COUNTERS_INIT;

static void read_counters(lmq_session *session) {
  SUCCEEDS(lmq_session_read_counters(session, &counters, &error));
}

static void check_routing(void) {
  const size_t width = facts.embedding_size;
  const char *const texts[5] = {"one", "a two", "the number three", "4", "five"};
  float *vectors = calloc(5 * width, sizeof *vectors);
  lmq_session_options options = LMQ_SESSION_OPTIONS_INIT;
  lmq_routing routing = LMQ_ROUTING_INIT;
  lmq_session *session;
  SUCCEEDS(lmq_session_open(model, NULL, &session, &error));
  SUCCEEDS(lmq_session_embed_texts(session, texts, NULL, 5, vectors, 5 * width, &error));
  ANSWERS(LMQ_ERROR_NOT_FOUND, "trace_routing", lmq_session_read_routing(session, 0, &routing, &error));
  lmq_session_close(session);

  options.trace_routing = 1;
  options.texts_at_once = 3;
  SUCCEEDS(lmq_session_open(model, &options, &session, &error));
  ANSWERS(LMQ_ERROR_NOT_FOUND, "routing", lmq_session_read_routing(session, 0, &routing, &error));
  SUCCEEDS(lmq_session_embed_texts(session, texts, NULL, 5, vectors, 5 * width, &error));
  SUCCEEDS(lmq_session_read_routing(session, 0, &routing, &error));
  CHECK(routing.layer_count > 0);
  uint64_t tokens = 0;
  for (size_t layer = 0; layer < routing.layer_count; layer++) {
    SUCCEEDS(lmq_session_read_routing(session, layer, &routing, &error));
    CHECK(routing.node[0] && routing.bank[0] && routing.tokens_per_item == facts.token_count);
    CHECK(routing.token_count == 2 * facts.token_count); /* the last piece: texts 3 and 4 */
    CHECK(routing.expert_count > 1 && routing.experts_per_token >= 1 && routing.group_size > 0);
    tokens += routing.token_count;
    size_t choices = routing.token_count * routing.experts_per_token, wrong = 0;
    for (size_t i = 0; i < choices; i++)
      wrong += routing.experts[i] < 0 || (size_t)routing.experts[i] >= routing.expert_count ||
               !(routing.gates[i] > 0 && routing.gates[i] <= 1) || routing.kept[i] > 1 ||
               (routing.capacity == 0 && routing.kept[i] != 1);
    CHECK(wrong == 0);
  }
  ANSWERS(LMQ_ERROR_NOT_FOUND, "layer",
          lmq_session_read_routing(session, routing.layer_count, &routing, &error));
  ANSWERS(LMQ_ERROR_NOT_FOUND, "layer", lmq_session_read_routing(session, SIZE_MAX, &routing, &error));
  read_counters(session);
  CHECK(counters.runs == 2 && counters.routed_tokens == tokens / 2 * 5);

  /* The same tokens alone are routed alike. */
  int32_t first[64];
  CHECK(facts.token_count * routing.experts_per_token <= 64);
  SUCCEEDS(lmq_session_read_routing(session, 0, &routing, &error));
  memcpy(first, routing.experts, facts.token_count * routing.experts_per_token * sizeof *first);
  SUCCEEDS(lmq_session_embed_texts(session, texts + 3, NULL, 1, vectors, width, &error));
  SUCCEEDS(lmq_session_read_routing(session, 0, &routing, &error));
  CHECK(memcmp(first, routing.experts, facts.token_count * routing.experts_per_token * sizeof *first) == 0);

  SUCCEEDS(lmq_session_trim(session, &error));
  ANSWERS(LMQ_ERROR_NOT_FOUND, "routing", lmq_session_read_routing(session, 0, &routing, &error));
  lmq_session_close(session);
  free(vectors);
}

static void check_plans(void) {
  const int64_t tokens = (int64_t)facts.token_count;
  const size_t most = 20, width = facts.embedding_size;
  float *vectors = calloc(most * width, sizeof *vectors);
  int32_t *ids = calloc(most * facts.token_count, sizeof *ids);
  lmq_session *session;
  SUCCEEDS(lmq_session_open(model, NULL, &session, &error));
  read_counters(session);
  CHECK(counters.runs == 0 && counters.plans_made == 0 && counters.plans_held == 0 && counters.arena_bytes == 0);
  for (int round = 0; round < 2; round++) {
    for (size_t count = 1; count <= most; count++) {
      lmq_input input = {"token_ids", LMQ_TYPE_I32, 2, {(int64_t)count, tokens}, ids,
                         count * facts.token_count * sizeof *ids};
      lmq_output output = {"embedding", vectors, count * width * sizeof *vectors, LMQ_TYPE_F32, 0, {0}};
      for (int again = 0; again < 2; again++) SUCCEEDS(lmq_session_run(session, "text", &input, 1, &output, 1, &error));
      read_counters(session);
      const size_t made = round * most + count;
      CHECK(counters.plans_made == made && counters.runs == 2 * made);
      CHECK(counters.plans_held == (made < most_plans ? made : most_plans));
      CHECK(counters.arena_bytes > 0 && counters.peak_arena_bytes >= counters.arena_bytes);
    }
  }
  lmq_session_cancel(session, 1); /* trimming and counting do not compute */
  SUCCEEDS(lmq_session_trim(session, &error));
  read_counters(session);
  CHECK(counters.plans_held == 0 && counters.arena_bytes == 0 && counters.peak_arena_bytes > 0);
  lmq_session_close(session);
  free(ids);
  free(vectors);
}

/* Under a budget: what is held stays below it, and goes back. */
static void check_budget(const char *path) {
  lmq_options options = LMQ_OPTIONS_INIT;
  lmq_model_counters experts = LMQ_MODEL_COUNTERS_INIT;
  lmq_model *reading;
  lmq_session *session;
  const char *const texts[2] = {"one", "the number two"};
  float *vectors = calloc(2 * facts.embedding_size, sizeof *vectors);
  options.threads = 2;
  options.memory_budget = (uint64_t)1 << 40; /* more than all experts */
  SUCCEEDS(lmq_model_open(path, &options, &reading, &error));
  SUCCEEDS(lmq_session_open(reading, NULL, &session, &error));
  SUCCEEDS(lmq_session_embed_texts(session, texts, NULL, 2, vectors, 2 * facts.embedding_size, &error));
  read_counters(session);
  SUCCEEDS(lmq_model_read_counters(reading, &experts, &error));
  CHECK(counters.misses > 0 && counters.bytes_read > 0 && experts.expert_bytes > 0);
  CHECK(experts.hits == counters.hits && experts.misses == counters.misses && experts.bytes_read == counters.bytes_read);
  CHECK(experts.peak_expert_bytes >= experts.expert_bytes && experts.tensor_bytes > 0 && experts.tensor_bytes_read > 0);
  SUCCEEDS(lmq_session_trim(session, &error));
  SUCCEEDS(lmq_model_read_counters(reading, &experts, &error));
  CHECK(experts.expert_bytes == 0 && experts.peak_expert_bytes > 0);
  SUCCEEDS(lmq_session_embed_texts(session, texts, NULL, 2, vectors, 2 * facts.embedding_size, &error));
  free(vectors);
  lmq_session_close(session);
  lmq_model_close(reading);
}

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  lmq_options options = LMQ_OPTIONS_INIT;
  lmq_model_counters experts = LMQ_MODEL_COUNTERS_INIT;
  options.threads = 2;
  SUCCEEDS(lmq_model_open(argv[1], &options, &model, &error));
  if (check_failures) return check_end("state");
  SUCCEEDS(lmq_model_describe(model, &facts, &error));
  check_routing();
  check_plans();
  SUCCEEDS(lmq_model_read_counters(model, &experts, &error));
  CHECK(experts.struct_size == sizeof experts && experts.misses == 0 && experts.bytes_read == 0 &&
        experts.peak_expert_bytes == 0 && experts.tensor_bytes == 0); /* mapped */
  lmq_model_close(model);
  check_budget(argv[1]);
  return check_end("state");
}
