/* refused MODEL: where the system starts no thread and locks no memory, a model works without, gives the same
 * vectors, and tells the logger once of each. Where it does lock, only resident models ask for it, and say nothing. */
#define _DEFAULT_SOURCE
#include "check.h"
#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>

/* These stand in front of the system's. */
int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*body)(void *), void *argument) {
  (void)thread, (void)attributes, (void)body, (void)argument;
  return EAGAIN;
}
static int is_granted, requests;
int mlock2(const void *start, size_t size, unsigned flags) {
  (void)start, (void)size, (void)flags;
  requests++;
  if (is_granted) return 0;
  errno = EPERM;
  return -1;
}

static int of_four, ahead, locks, others;

static void hear(void *user, lmq_log_level level, const char *message) {
  (void)user;
  if (level != LMQ_LOG_WARNING) return;
  if (strstr(message, "of 4 run")) of_four++;
  else if (strstr(message, "ahead")) ahead++;
  else if (strstr(message, "lock")) locks++;
  else others++;
}

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  const char *const texts[3] = {"one", "a two", "the number three"};
  static float expected[3 * 4096], vectors[3 * 4096];
  static const struct way {
    uint32_t threads;
    lmq_holding holding;
    uint64_t memory_budget;
    int is_granted, of_four, ahead, locks;
  } ways[] = {{1, LMQ_HOLDING_DEFAULT, 0, 0, 0, 0, 0},
              {4, LMQ_HOLDING_DEFAULT, 0, 0, 1, 0, 0},
              {1, LMQ_HOLDING_RESIDENT, 0, 0, 0, 0, 2}, /* of dense weights and of experts */
              {1, LMQ_HOLDING_RESIDENT, 0, 1, 0, 0, 0},
              {4, LMQ_HOLDING_RESIDENT, 0, 0, 1, 1, 2},
              {4, LMQ_HOLDING_DEFAULT, (uint64_t)1 << 40, 0, 1, 1, 0}};
  for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
    lmq_options options = LMQ_OPTIONS_INIT;
    lmq_model_facts facts = LMQ_MODEL_FACTS_INIT;
    lmq_model *model;
    lmq_session *session;
    options.threads = ways[i].threads;
    options.holding = ways[i].holding;
    options.memory_budget = ways[i].memory_budget;
    options.logger = hear;
    of_four = ahead = locks = others = requests = 0;
    is_granted = ways[i].is_granted;
    SUCCEEDS(lmq_model_open(argv[1], &options, &model, &error));
    SUCCEEDS(lmq_model_describe(model, &facts, &error));
    SUCCEEDS(lmq_session_open(model, NULL, &session, &error));
    if (check_failures || facts.embedding_size > 4096) return check_end("refused");
    memset(vectors, 0, sizeof vectors);
    for (int round = 0; round < 2; round++)
      SUCCEEDS(lmq_session_embed_texts(session, texts, NULL, 3, i == 0 ? expected : vectors,
                                       3 * facts.embedding_size, &error));
    CHECK(i == 0 || memcmp(vectors, expected, sizeof vectors) == 0);
    CHECK(of_four == ways[i].of_four && ahead == ways[i].ahead && locks == ways[i].locks && others == 0);
    /* Once refused, it is asked for no more: once of dense weights, once of experts. */
    if (ways[i].holding != LMQ_HOLDING_RESIDENT) CHECK(requests == 0);
    else CHECK(is_granted ? requests >= 2 : requests == 2);
    lmq_session_close(session);
    lmq_model_close(model);
  }
  return check_end("refused");
}
