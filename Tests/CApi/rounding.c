/* rounding MODEL: results have the same bits whatever the host's rounding mode, which calls leave as it is, and in
 * which progress functions are called.
 * MODEL has the signatures "image" and "text", preprocessing, a tokenizer and a logit scale. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"
#include <fenv.h>

enum { image_count = 3, label_count = 2, template_count = 3, most = 1 << 16 };

static uint8_t pixels[image_count][31 * 23 * 3];
static lmq_image images[image_count];
static const char *const labels[label_count] = {"one", "a seven"};
static const char *const templates[template_count] = {"{}", "a photo of {}", "the number {}!"};

static int asked, wrong_modes;

static int see_mode(void *user, uint64_t done, uint64_t total) {
  (void)done, (void)total;
  asked++;
  wrong_modes += fegetround() != *(const int *)user;
  return 0;
}

/* What all calls of a new session give, one after the other; answers how many floats. */
static size_t results(const char *path, size_t width, size_t pixel_count, float *out) {
  lmq_model *model = NULL;
  lmq_session *session = NULL;
  size_t done = 0;
  int mode = fegetround();
  lmq_session_options options = LMQ_SESSION_OPTIONS_INIT;
  options.progress = see_mode;
  options.progress_user = &mode;
  SUCCEEDS(lmq_model_open(path, NULL, &model, &error));
  SUCCEEDS(lmq_session_open(model, &options, &session, &error));
  SUCCEEDS(lmq_session_preprocess(session, "image", images, image_count, out, image_count * pixel_count, &error));
  done += image_count * pixel_count;
  SUCCEEDS(lmq_session_embed_images(session, images, image_count, out + done, image_count * width, &error));
  const float *image_vectors = out + done;
  done += image_count * width;
  SUCCEEDS(lmq_session_embed_labels(session, labels, label_count, templates, template_count, out + done,
                                    label_count * width, &error));
  const float *label_vectors = out + done;
  done += label_count * width;
  SUCCEEDS(lmq_session_score(session, image_vectors, image_count, label_vectors, label_count, out + done,
                             image_count * label_count, &error));
  lmq_session_close(session);
  lmq_model_close(model);
  return done + image_count * label_count;
}

int main(int count, char **arguments) {
  static const int modes[] = {FE_DOWNWARD, FE_UPWARD, FE_TOWARDZERO};
  static float wanted[most], found[most];
  lmq_model *model = NULL;
  lmq_model_facts facts = LMQ_MODEL_FACTS_INIT;
  lmq_signature_facts signature = LMQ_SIGNATURE_FACTS_INIT;
  size_t index = 0;
  if (count != 2) return 2;
  SUCCEEDS(lmq_model_open(arguments[1], NULL, &model, &error));
  SUCCEEDS(lmq_model_describe(model, &facts, &error));
  SUCCEEDS(lmq_model_find_signature(model, "image", &index, &error));
  SUCCEEDS(lmq_model_describe_signature(model, index, &signature, &error));
  const size_t pixel_count = signature.image_width * signature.image_height * 3, width = facts.embedding_size;
  CHECK((image_count * (pixel_count + width) + label_count * (width + image_count)) <= most);
  uint32_t state = 1;
  for (size_t i = 0; i < image_count; i++) {
    for (size_t b = 0; b < sizeof pixels[i]; b++) {
      state = state * 1664525 + 1013904223;
      pixels[i][b] = (uint8_t)(state >> 24);
    }
    images[i].pixels = pixels[i];
    images[i].width = 31 - i;
    images[i].height = 23;
    images[i].stride = 31 * 3;
  }
  lmq_model_close(model);
  const size_t size = results(arguments[1], width, pixel_count, wanted);
  CHECK(asked > 0 && wrong_modes == 0);
  for (size_t m = 0; m < sizeof modes / sizeof *modes; m++) {
    CHECK(fesetround(modes[m]) == 0);
    CHECK(results(arguments[1], width, pixel_count, found) == size);
    CHECK(fegetround() == modes[m]);
    CHECK(wrong_modes == 0);
    fesetround(FE_TONEAREST);
    CHECK(memcmp(found, wanted, size * sizeof *found) == 0);
  }
  return check_end("rounding");
}
