/* refused_threads MODEL: where the system starts no thread, a model works with the caller's alone, gives the same
 * vectors, and says so to the logger once. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"
#include <errno.h>
#include <pthread.h>

/* Stands in front of the system's. */
int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*body)(void *), void *argument) {
  (void)thread, (void)attributes, (void)body, (void)argument;
  return EAGAIN;
}

static int warnings, wrong;

static void hear(void *user, lmq_log_level level, const char *message) {
  (void)user;
  if (level != LMQ_LOG_WARNING) return;
  warnings++;
  wrong += strstr(message, "thread") == NULL || strstr(message, "of 4") == NULL;
}

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  const char *const texts[3] = {"one", "a two", "the number three"};
  static float vectors[2][3 * 4096];
  for (uint32_t threads = 1; threads <= 4; threads += 3) {
    lmq_options options = LMQ_OPTIONS_INIT;
    lmq_model_facts facts = LMQ_MODEL_FACTS_INIT;
    lmq_model *model;
    lmq_session *session;
    options.threads = threads;
    options.logger = hear;
    SUCCEEDS(lmq_model_open(argv[1], &options, &model, &error));
    SUCCEEDS(lmq_model_describe(model, &facts, &error));
    SUCCEEDS(lmq_session_open(model, NULL, &session, &error));
    if (check_failures || facts.embedding_size > 4096) return 2;
    for (int round = 0; round < 2; round++)
      SUCCEEDS(lmq_session_embed_texts(session, texts, NULL, 3, vectors[threads > 1], 3 * facts.embedding_size,
                                       &error));
    lmq_session_close(session);
    lmq_model_close(model);
  }
  CHECK(memcmp(vectors[0], vectors[1], sizeof vectors[0]) == 0);
  CHECK(warnings == 1 && wrong == 0);
  return check_end("refused_threads");
}
