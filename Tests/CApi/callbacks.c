/* callbacks MODEL: loggers and progress functions are called on the thread of the call, with numbers that grow to
 * their total; a progress function ends a call at any place, after which the session works as before. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"
#include <pthread.h>

enum { text_count = 9, at_once = 4 };
static lmq_model_facts facts = LMQ_MODEL_FACTS_INIT;
static const char *const texts[text_count] = {"one", "two", "three", "a", "b", "c", "seven", "8", "nine"};
static uint8_t pixels[16 * 16 * 3];
static const lmq_image images[2] = {{pixels, 16, 16, 0}, {pixels, 8, 16, 48}};

/* What a progress function saw, and what it is to do. */
typedef struct watch {
  pthread_t thread;
  lmq_session *session;
  uint64_t last, total;
  int calls, wrong;
  int cancel_at; /* the call that it ends; 0: none */
} watch;

static const lmq_model *used; /* by the progress function, too */

static int watch_progress(void *user, uint64_t done, uint64_t total) {
  watch *w = user;
  w->calls++;
  w->wrong += !pthread_equal(w->thread, pthread_self()) || done > total || done < w->last ||
              (w->total && total != w->total);
  w->last = done;
  w->total = total;
  if (w->calls == 1) { /* the session is busy with this very call */
    float vector[1] = {0};
    lmq_error mine;
    lmq_session_counters counters = LMQ_SESSION_COUNTERS_INIT;
    w->wrong += lmq_session_score(w->session, vector, 0, vector, 0, vector, 0, &mine) != LMQ_ERROR_BUSY ||
                strstr(mine.message, "session") == NULL ||
                lmq_session_trim(w->session, NULL) != LMQ_ERROR_BUSY ||
                lmq_session_read_counters(w->session, &counters, NULL) != LMQ_ERROR_BUSY;
  }
  if (used && w->calls % 16 == 2) { /* another session of the model, in the middle of the call */
    const char *const text = "in between";
    lmq_session *second;
    float *room = calloc(facts.embedding_size, sizeof *room);
    w->wrong += lmq_session_open(used, NULL, &second, NULL) != LMQ_OK ||
                lmq_session_embed_texts(second, &text, NULL, 1, room, facts.embedding_size, NULL) != LMQ_OK;
    lmq_session_close(second);
    free(room);
  }
  return w->cancel_at != 0 && w->calls >= w->cancel_at;
}

static void begin(watch *w, int cancel_at) {
  w->last = w->total = 0;
  w->calls = w->wrong = 0;
  w->cancel_at = cancel_at;
}

static void check_progress(const lmq_model *model) {
  const size_t width = facts.embedding_size;
  float *vectors = calloc(text_count * width, sizeof *vectors), *expected = calloc(text_count * width, sizeof *expected);
  float scores[2 * 3];
  watch w = {pthread_self(), NULL, 0, 0, 0, 0, 0};
  lmq_session_options options = LMQ_SESSION_OPTIONS_INIT;
  options.texts_at_once = at_once;
  options.progress = watch_progress;
  options.progress_user = &w;
  SUCCEEDS(lmq_session_open(model, &options, &w.session, &error));
  begin(&w, 0);
  SUCCEEDS(lmq_session_embed_texts(w.session, texts, NULL, text_count, expected, text_count * width, &error));
  CHECK(w.wrong == 0 && w.calls > 3 * 3 && w.total == 1000 * text_count && w.last == w.total);
  const int calls = w.calls;

  begin(&w, 0);
  SUCCEEDS(lmq_session_embed_images(w.session, images, 2, vectors, 2 * width, &error));
  CHECK(w.wrong == 0 && w.total == 2000 && w.last == w.total);
  begin(&w, 0);
  const char *const templates[2] = {"a {}", "the {}"};
  SUCCEEDS(lmq_session_classify(w.session, images, 2, texts, 3, templates, 2, scores, 6, &error));
  CHECK(w.wrong == 0 && w.total == 1000 * (2 + 3 * 2) && w.last == w.total);

  /* Ended at places from the first to the last. */
  for (int at = 1; at <= calls; at = at < calls && at + calls / 6 > calls ? calls : at + calls / 6) {
    begin(&w, at);
    ANSWERS(LMQ_ERROR_CANCELLED, "cancel",
            lmq_session_embed_texts(w.session, texts, NULL, text_count, vectors, text_count * width, &error));
    CHECK(w.wrong == 0 && w.calls == at);
    begin(&w, 0);
    memset(vectors, 0, text_count * width * sizeof *vectors);
    SUCCEEDS(lmq_session_embed_texts(w.session, texts, NULL, text_count, vectors, text_count * width, &error));
    CHECK(memcmp(vectors, expected, text_count * width * sizeof *vectors) == 0 && w.calls == calls);
  }
  lmq_session_close(w.session);
  free(vectors);
  free(expected);
}

/* What a logger heard. */
typedef struct heard {
  pthread_t thread;
  int wrong, warnings, information;
  char last[504], last_warning[504];
} heard;

static void hear(void *user, lmq_log_level level, const char *message) {
  heard *h = user;
  h->wrong += !pthread_equal(h->thread, pthread_self()) || !message || !message[0] || strlen(message) > 503;
  h->warnings += level == LMQ_LOG_WARNING;
  h->information += level == LMQ_LOG_INFORMATION;
  h->wrong += level != LMQ_LOG_WARNING && level != LMQ_LOG_INFORMATION;
  snprintf(level == LMQ_LOG_WARNING ? h->last_warning : h->last, sizeof h->last, "%s", message);
}

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  static heard h;
  h.thread = pthread_self();
  lmq_options options = LMQ_OPTIONS_INIT;
  lmq_model *model;
  options.threads = 2;
  options.logger = hear;
  options.logger_user = &h;
  SUCCEEDS(lmq_model_open(argv[1], &options, &model, &error));
  if (check_failures) return check_end("callbacks");
  SUCCEEDS(lmq_model_describe(model, &facts, &error));
  CHECK(h.wrong == 0 && h.information == 1 && h.warnings == 0 && strstr(h.last, facts.kernels));
  check_progress(model);
  CHECK(h.wrong == 0 && h.warnings == 0);
  lmq_model_close(model);

  /* With so small a budget that calls must wait for each other's experts. */
  options.threads = 2;
  options.memory_budget = 1;
  ANSWERS(LMQ_ERROR_ARGUMENT, "budget", lmq_model_open(argv[1], &options, &model, &error));
  const char *least = strpbrk(strstr(error.message, "least") ? strstr(error.message, "least") : "", "0123456789");
  options.memory_budget = least ? strtoull(least, NULL, 10) : 0;
  CHECK(options.memory_budget > 1);
  SUCCEEDS(lmq_model_open(argv[1], &options, &model, &error));
  used = model;
  check_progress(model);
  CHECK(h.wrong == 0 && h.warnings == 0);
  used = NULL;
  lmq_model_close(model);
  options.memory_budget = 0;

  options.threads = 1000; /* allowed, but more than are ever started; none starts before a call */
  SUCCEEDS(lmq_model_open(argv[1], &options, &model, &error));
  SUCCEEDS(lmq_model_describe(model, &facts, &error));
  CHECK(h.wrong == 0 && h.warnings == 1 && facts.threads < 1000 && strstr(h.last_warning, "1000"));
  lmq_model_close(model);
  return check_end("callbacks");
}
