/* stack MODEL: every call works on the stack that limequat.h says, with every kernel table of this machine; for the
 * library of the SDK, since code for debugging and for sanitizers needs more. MODEL has the signatures "image" and
 * "text", preprocessing, a tokenizer and a logit scale. */
#define _POSIX_C_SOURCE 200809L
#include "../check.h"
#include <pthread.h>

enum { stack_size = 128 << 10, image_count = 3, label_count = 2, width_most = 4096 };

static const char *path, *table;
static uint8_t pixels[40 * 30 * 3];
static float vectors[(image_count + label_count) * width_most], scores[image_count * label_count];
static int32_t ids[label_count * 4096];
static int tables;

static void *calls(void *unused) {
  static const char *const labels[label_count] = {"one", "a seven"}, *const templates[1] = {"a photo of {}"};
  (void)unused;
  lmq_image images[image_count];
  for (size_t i = 0; i < image_count; i++) images[i] = (lmq_image){pixels, 40 - i, 30, 40 * 3};
  for (int held = 0; held < 2; held++) {
    lmq_model *model = NULL;
    lmq_session *session = NULL;
    lmq_options options = LMQ_OPTIONS_INIT;
    lmq_model_facts facts = LMQ_MODEL_FACTS_INIT;
    options.threads = 1; /* the calling thread does it all */
    options.kernels = table;
    if (held) options.holding = LMQ_HOLDING_RESIDENT;
    lmq_status status = lmq_model_open(path, &options, &model, &error);
    if (status == LMQ_ERROR_UNSUPPORTED) return NULL; /* not a table of this machine */
    tables++;
    CHECK(status == LMQ_OK);
    SUCCEEDS(lmq_model_describe(model, &facts, &error));
    CHECK(facts.embedding_size <= width_most && facts.token_count <= 4096);
    SUCCEEDS(lmq_session_open(model, NULL, &session, &error));
    const size_t width = facts.embedding_size;
    float *image_vectors = vectors, *label_vectors = vectors + image_count * width;
    SUCCEEDS(lmq_session_tokenize(session, labels, NULL, label_count, ids, label_count * facts.token_count, &error));
    SUCCEEDS(lmq_session_embed_texts(session, labels, NULL, label_count, label_vectors, label_count * width, &error));
    SUCCEEDS(lmq_session_embed_labels(session, labels, label_count, templates, 1, label_vectors, label_count * width,
                                      &error));
    SUCCEEDS(lmq_session_embed_images(session, images, image_count, image_vectors, image_count * width, &error));
    SUCCEEDS(lmq_session_score(session, image_vectors, image_count, label_vectors, label_count, scores,
                               image_count * label_count, &error));
    lmq_session_close(session);
    lmq_model_close(model);
    ANSWERS(LMQ_ERROR_IO, "", lmq_model_open("/nowhere/model.lmq", NULL, &model, &error));
  }
  return NULL;
}

int main(int count, char **arguments) {
  static const char *const names[] = {"avx512-vnni", "avx512", "avx-vnni", "avx2", "neon-i8mm", "neon-dotprod", "neon",
                                      "generic"};
  if (count != 2) return 2;
  path = arguments[1];
  for (size_t n = 0; n < sizeof names / sizeof *names; n++) {
    pthread_t thread;
    pthread_attr_t attributes;
    table = names[n];
    CHECK(pthread_attr_init(&attributes) == 0);
    CHECK(pthread_attr_setstacksize(&attributes, stack_size) == 0);
    CHECK(pthread_create(&thread, &attributes, calls, NULL) == 0);
    pthread_join(thread, NULL);
    pthread_attr_destroy(&attributes);
  }
  CHECK(tables >= 2);
  return check_end("stack");
}
