/* fork MODEL: a child of fork() answers LMQ_ERROR_FORKED wherever it would need the threads or locks of its
 * parent, closes what it inherited, and works with a model of its own. Nothing hangs: an alarm ends the test. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

/* ThreadSanitizer cannot start threads in a child of a process that has some. And with it each use of a value that
 * Swift's own library makes once takes that value's lock, also after it was made: a thread that works may hold one
 * at the moment of fork(), and the child would wait for it for ever. So with this tool no fork is made during a call. */
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define THREAD_SANITIZER
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define THREAD_SANITIZER
#endif
#ifdef THREAD_SANITIZER
enum { child_threads = 1, busy_forks = 0 };
#else
enum { child_threads = 2, busy_forks = 8 };
#endif

enum { text_count = 64, child_failed = 1 };
static const char *path;
static const char *texts[text_count];
static lmq_model_facts facts = LMQ_MODEL_FACTS_INIT;
static float *expected, *vectors;
static size_t all;

/* What the child sees; answers its exit code. */
static int child(lmq_model *model, lmq_session *session) {
  lmq_session *none = (lmq_session *)1;
  lmq_model_facts mine = LMQ_MODEL_FACTS_INIT;
  const size_t width = facts.embedding_size;
  alarm(60);
  check_failures = 0;
  SUCCEEDS(lmq_model_describe(model, &mine, &error));
  CHECK(mine.embedding_size == width);
  ANSWERS(LMQ_ERROR_FORKED, "fork", lmq_session_open(model, NULL, &none, &error));
  CHECK(none == NULL);
  for (int round = 0; round < 2; round++)
    ANSWERS(LMQ_ERROR_FORKED, "fork", lmq_session_embed_texts(session, texts, NULL, 1, vectors, width, &error));
  int32_t *ids = calloc(facts.token_count, sizeof *ids);
  ANSWERS(LMQ_ERROR_FORKED, "fork",
          lmq_session_tokenize(session, texts, NULL, 1, ids, facts.token_count, &error));
  free(ids);
  ANSWERS(LMQ_ERROR_FORKED, "fork", lmq_session_trim(session, &error));
  lmq_model_counters counters = LMQ_MODEL_COUNTERS_INIT;
  ANSWERS(LMQ_ERROR_FORKED, "fork", lmq_model_read_counters(model, &counters, &error));
  lmq_session_cancel(session, 1);
  lmq_session_close(session);
  lmq_model_close(model);
  ANSWERS(LMQ_ERROR_HANDLE, "session", lmq_session_trim(session, &error));

  lmq_options options = LMQ_OPTIONS_INIT;
  options.threads = child_threads;
  SUCCEEDS(lmq_model_open(path, &options, &model, &error));
  SUCCEEDS(lmq_session_open(model, NULL, &session, &error));
  memset(vectors, 0, all * sizeof *vectors);
  SUCCEEDS(lmq_session_embed_texts(session, texts, NULL, text_count, vectors, all, &error));
  CHECK(memcmp(vectors, expected, all * sizeof *vectors) == 0);
  lmq_session_close(session);
  lmq_model_close(model);
  fflush(stdout);
  return check_failures ? child_failed : 0;
}

static void fork_and_wait(lmq_model *model, lmq_session *session) {
  fflush(stdout);
  pid_t process = fork();
  if (process == 0) _exit(child(model, session));
  int status = -1;
  CHECK(process > 0 && waitpid(process, &status, 0) == process);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* Keeps a session busy until it is cancelled. */
static void *occupy(void *session) {
  float *room = calloc(all, sizeof *room);
  while (lmq_session_embed_texts(session, texts, NULL, text_count, room, all, NULL) == LMQ_OK) continue;
  free(room);
  return NULL;
}

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  path = argv[1];
  alarm(120);
  for (int i = 0; i < text_count; i++) texts[i] = i % 2 ? "the number four" : "a photo of a nine";
  for (uint32_t round = 0; round < 4; round++) {
    const uint32_t threads = 1 + round % 2;
    lmq_options options = LMQ_OPTIONS_INIT;
    options.memory_budget = round / 2 * 1000000; /* mapped, then read with a thread that reads ahead */
    lmq_model *model;
    lmq_session *session, *other;
    options.threads = threads;
    SUCCEEDS(lmq_model_open(path, &options, &model, &error));
    SUCCEEDS(lmq_session_open(model, NULL, &session, &error));
    SUCCEEDS(lmq_session_open(model, NULL, &other, &error));
    if (check_failures) return check_end("fork");
    if (!expected) {
      SUCCEEDS(lmq_model_describe(model, &facts, &error));
      all = text_count * facts.embedding_size;
      vectors = calloc(all, sizeof *vectors);
      expected = calloc(all, sizeof *expected);
      lmq_options alone = LMQ_OPTIONS_INIT;
      lmq_model *reference;
      lmq_session *its;
      alone.threads = 1;
      SUCCEEDS(lmq_model_open(path, &alone, &reference, &error));
      SUCCEEDS(lmq_session_open(reference, NULL, &its, &error));
      SUCCEEDS(lmq_session_embed_texts(its, texts, NULL, text_count, expected, all, &error));
      lmq_session_close(its);
      lmq_model_close(reference);
    }
    fork_and_wait(model, session); /* no thread runs yet */
    SUCCEEDS(lmq_session_embed_texts(session, texts, NULL, text_count, vectors, all, &error));
    CHECK(memcmp(vectors, expected, all * sizeof *vectors) == 0);
    fork_and_wait(model, session); /* they sleep */
    pthread_t busy;
    CHECK(pthread_create(&busy, NULL, occupy, other) == 0);
    for (int i = 0; i < busy_forks; i++) fork_and_wait(model, i % 2 ? session : other); /* they work */
    lmq_session_cancel(other, 1);
    CHECK(pthread_join(busy, NULL) == 0);
    lmq_session_cancel(other, 0);
    SUCCEEDS(lmq_session_embed_texts(other, texts, NULL, text_count, vectors, all, &error));
    CHECK(memcmp(vectors, expected, all * sizeof *vectors) == 0);
    lmq_session_close(other);
    lmq_session_close(session);
    lmq_model_close(model);
  }
  free(vectors);
  free(expected);
  return check_end("fork");
}
