/* threads MODEL: four threads share one model, each with a session; one session in two threads is answered
 * with LMQ_ERROR_BUSY; a call is cancelled from outside; handles are opened and closed meanwhile. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"
#include <pthread.h>
#include <time.h>

enum { thread_count = 4, rounds = 20, text_count = 64 };
static lmq_model *model;
static lmq_session *shared;
static lmq_model_facts facts = LMQ_MODEL_FACTS_INIT;
static const char *texts[text_count];
static float *expected;
static int failures[thread_count], cancelled_seen;

static void *work(void *argument) {
  int number = *(int *)argument;
  float *vectors = calloc(text_count * facts.embedding_size, sizeof *vectors);
  for (int round = 0; round < rounds; round++) {
    lmq_session *session;
    lmq_error mine;
    if (lmq_session_open(model, NULL, &session, &mine) != LMQ_OK ||
        lmq_session_embed_texts(session, texts, NULL, 4, vectors, 4 * facts.embedding_size, &mine) != LMQ_OK ||
        memcmp(vectors, expected, 4 * facts.embedding_size * sizeof *vectors) != 0)
      failures[number]++;
    lmq_session_close(session);
  }
  free(vectors);
  return NULL;
}

static void *occupy(void *unused) {
  (void)unused;
  float *vectors = calloc(text_count * facts.embedding_size, sizeof *vectors);
  lmq_error mine;
  lmq_status status;
  do {
    status = lmq_session_embed_texts(shared, texts, NULL, text_count, vectors,
                                     text_count * facts.embedding_size, &mine);
  } while (status == LMQ_OK || status == LMQ_ERROR_BUSY);
  cancelled_seen = status == LMQ_ERROR_CANCELLED;
  free(vectors);
  return NULL;
}

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  lmq_options options = LMQ_OPTIONS_INIT;
  options.threads = 4;
  for (int i = 0; i < text_count; i++) texts[i] = i % 2 ? "the number four" : "a photo of a nine";
  SUCCEEDS(lmq_model_open(argv[1], &options, &model, &error));
  SUCCEEDS(lmq_model_describe(model, &facts, &error));
  SUCCEEDS(lmq_session_open(model, NULL, &shared, &error));
  if (check_failures) return check_end("threads");
  const size_t all = text_count * facts.embedding_size;
  expected = calloc(all, sizeof *expected);
  float *vectors = calloc(all, sizeof *vectors);
  SUCCEEDS(lmq_session_embed_texts(shared, texts, NULL, text_count, expected, all, &error));

  pthread_t threads[thread_count];
  int numbers[thread_count];
  for (int i = 0; i < thread_count; i++) {
    numbers[i] = i;
    CHECK(pthread_create(&threads[i], NULL, work, &numbers[i]) == 0);
  }
  for (int i = 0; i < thread_count; i++) {
    CHECK(pthread_join(threads[i], NULL) == 0);
    CHECK(failures[i] == 0);
  }

  pthread_t busy;
  CHECK(pthread_create(&busy, NULL, occupy, NULL) == 0);
  int busy_seen = 0;
  for (int i = 0; i < 10000 && !busy_seen; i++) {
    lmq_status status = lmq_session_embed_texts(shared, texts, NULL, 4, vectors, 4 * facts.embedding_size, &error);
    CHECK(status == LMQ_OK || status == LMQ_ERROR_BUSY);
    busy_seen = status == LMQ_ERROR_BUSY && strstr(error.message, "thread") != NULL;
    struct timespec pause = {0, 100000};
    nanosleep(&pause, NULL);
  }
  CHECK(busy_seen);
  lmq_session_cancel(shared, 1);
  CHECK(pthread_join(busy, NULL) == 0);
  CHECK(cancelled_seen);
  lmq_session_cancel(shared, 0);
  SUCCEEDS(lmq_session_embed_texts(shared, texts, NULL, text_count, vectors, all, &error));
  CHECK(memcmp(vectors, expected, all * sizeof *vectors) == 0);
  lmq_session_close(shared);
  lmq_model_close(model);
  free(expected);
  free(vectors);
  return check_end("threads");
}
