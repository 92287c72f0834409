/* agreement MODEL: every way to the same vector gives the same bits, and facts agree with what calls want.
 * MODEL is dropless, with the signatures "image" and "text", preprocessing and a tokenizer. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"
#include <fcntl.h>
#include <math.h>
#include <unistd.h>

enum { image_count = 11, text_count = 40 };
static lmq_model_facts facts = LMQ_MODEL_FACTS_INIT;
static uint8_t pixels[image_count][24 * 40 * 3];
static lmq_image images[image_count];
static char text_bytes[text_count][32];
static const char *texts[text_count];

/* Images of different sizes and strides, texts of different lengths. */
static void make_inputs(void) {
  uint32_t state = 1;
  for (int i = 0; i < image_count; i++) {
    for (size_t b = 0; b < sizeof pixels[i]; b++) pixels[i][b] = (uint8_t)((state = state * 1664525 + 1013904223) >> 24);
    images[i].pixels = pixels[i];
    images[i].width = (size_t)(8 + i);
    images[i].height = (size_t)(20 - i);
    images[i].stride = i % 2 ? 40 * 3 : 0;
  }
  static const char *const words[] = {"one", "a three", "the number nine", "", "digit"};
  for (int i = 0; i < text_count; i++) {
    snprintf(text_bytes[i], sizeof text_bytes[i], "%s %d", words[i % 5], i);
    texts[i] = text_bytes[i];
  }
}

static float *floats(size_t count) { return calloc(count ? count : 1, sizeof(float)); }
static int same(const float *a, const float *b, size_t count) { return memcmp(a, b, count * sizeof *a) == 0; }

static lmq_session *session_of(const lmq_model *model, size_t images_at_once, size_t texts_at_once) {
  lmq_session_options options = LMQ_SESSION_OPTIONS_INIT;
  lmq_session *session;
  options.images_at_once = images_at_once;
  options.texts_at_once = texts_at_once;
  SUCCEEDS(lmq_session_open(model, &options, &session, &error));
  return session;
}

static void check_facts(const lmq_model *model) {
  SUCCEEDS(lmq_model_describe(model, &facts, &error));
  CHECK(facts.struct_size == sizeof facts && facts.signature_count >= 2 && facts.embedding_size > 0);
  CHECK(facts.format_major == 1 && facts.threads >= 1 && facts.kernels && facts.kernels[0]);
  CHECK(facts.has_logit_scale == 1 && isfinite(facts.logit_scale));
  for (size_t i = 0; i < facts.metadata_count; i++) {
    const char *key, *value;
    SUCCEEDS(lmq_model_metadata(model, i, &key, &value, &error));
    CHECK(key && value && key[0]);
  }
  const char *last = "";
  for (size_t i = 0; i < facts.signature_count; i++) {
    lmq_signature_facts signature = LMQ_SIGNATURE_FACTS_INIT;
    size_t index;
    SUCCEEDS(lmq_model_describe_signature(model, i, &signature, &error));
    CHECK(signature.name && signature.modality && strcmp(last, signature.name) < 0);
    last = signature.name;
    SUCCEEDS(lmq_model_find_signature(model, signature.name, &index, &error));
    CHECK(index == i);
    for (size_t t = 0; t < signature.input_count; t++) {
      lmq_tensor_facts tensor = LMQ_TENSOR_FACTS_INIT;
      SUCCEEDS(lmq_model_describe_input(model, i, t, &tensor, &error));
      CHECK(tensor.name && tensor.rank >= 1 && tensor.rank <= LMQ_MAXIMUM_RANK && tensor.dims[0] == -1);
      if (strcmp(signature.name, "image") == 0 && t == 0)
        CHECK(strcmp(tensor.name, "image") == 0 && tensor.type == LMQ_TYPE_F32 && tensor.rank == 4 &&
              tensor.dims[1] == (int64_t)signature.image_height && tensor.dims[2] == (int64_t)signature.image_width);
      if (strcmp(tensor.name, "token_ids") == 0)
        CHECK(tensor.type == LMQ_TYPE_I32 && signature.has_tokenizer &&
              tensor.dims[1] == (int64_t)facts.token_count);
    }
    CHECK(signature.output_count == 1);
    lmq_tensor_facts tensor = LMQ_TENSOR_FACTS_INIT;
    SUCCEEDS(lmq_model_describe_output(model, i, 0, &tensor, &error));
    CHECK(strcmp(tensor.name, "embedding") == 0 && tensor.rank == 2 &&
          tensor.dims[1] == (int64_t)facts.embedding_size);
  }
}

static void check_images(const lmq_model *model, const lmq_model *other) {
  const size_t width = facts.embedding_size, all = image_count * width;
  float *expected = floats(all), *got = floats(all);
  lmq_session *session = session_of(model, 0, 0), *piecewise = session_of(other, 3, 0);
  SUCCEEDS(lmq_session_embed_images(session, images, image_count, expected, all, &error));
  for (int i = 0; i < image_count; i++) {
    double sum = 0;
    for (size_t j = 0; j < width; j++) sum += (double)expected[(size_t)i * width + j] * expected[(size_t)i * width + j];
    CHECK(fabs(sum - 1) < 1e-4);
    SUCCEEDS(lmq_session_embed_images(session, &images[i], 1, got, width, &error));
    CHECK(same(got, expected + (size_t)i * width, width));
  }
  SUCCEEDS(lmq_session_embed_images(piecewise, images, image_count, got, all, &error));
  CHECK(same(got, expected, all));

  /* The same by hand: preprocess, then run. */
  size_t index;
  lmq_signature_facts signature = LMQ_SIGNATURE_FACTS_INIT;
  SUCCEEDS(lmq_model_find_signature(model, "image", &index, &error));
  SUCCEEDS(lmq_model_describe_signature(model, index, &signature, &error));
  const size_t each = signature.image_height * signature.image_width * 3;
  float *tensor = floats(image_count * each);
  SUCCEEDS(lmq_session_preprocess(session, "image", images, image_count, tensor, image_count * each, &error));
  lmq_input input = {"image", LMQ_TYPE_F32, 4,
                     {image_count, (int64_t)signature.image_height, (int64_t)signature.image_width, 3},
                     tensor, image_count * each * sizeof *tensor};
  lmq_output output = {"embedding", NULL, 0, LMQ_TYPE_F32, 0, {0}};
  SUCCEEDS(lmq_session_plan(session, "image", &input, 1, &output, 1, &error));
  CHECK(output.size == all * sizeof *got && output.dims[0] == image_count);
  memset(got, 0, all * sizeof *got);
  output.data = got;
  SUCCEEDS(lmq_session_run(session, "image", &input, 1, &output, 1, &error));
  CHECK(same(got, expected, all));
  free(tensor);
  lmq_session_close(piecewise);
  lmq_session_close(session);
  free(expected);
  free(got);
}

static void check_texts(const lmq_model *model, const lmq_model *other) {
  const size_t width = facts.embedding_size, all = text_count * width, tokens = facts.token_count;
  float *expected = floats(all), *got = floats(all);
  size_t sizes[text_count];
  char joined[text_count * 32];
  const char *parts[text_count];
  size_t end = 0;
  lmq_session *session = session_of(model, 0, 0), *piecewise = session_of(other, 0, 7);
  SUCCEEDS(lmq_session_embed_texts(session, texts, NULL, text_count, expected, all, &error));
  for (int i = 0; i < text_count; i++) {
    SUCCEEDS(lmq_session_embed_texts(session, &texts[i], NULL, 1, got, width, &error));
    CHECK(same(got, expected + (size_t)i * width, width));
    sizes[i] = strlen(texts[i]);
    parts[i] = joined + end;
    memcpy(joined + end, texts[i], sizes[i]);
    end += sizes[i];
  }
  /* Texts that end by their size: no zero byte between them. */
  SUCCEEDS(lmq_session_embed_texts(piecewise, parts, sizes, text_count, got, all, &error));
  CHECK(same(got, expected, all));

  int32_t *ids = calloc(text_count * tokens, sizeof *ids);
  SUCCEEDS(lmq_session_tokenize(session, texts, NULL, text_count, ids, text_count * tokens, &error));
  lmq_input input = {"token_ids", LMQ_TYPE_I32, 2, {text_count, (int64_t)tokens}, ids,
                     text_count * tokens * sizeof *ids};
  lmq_output output = {"embedding", got, all * sizeof *got, LMQ_TYPE_F32, 0, {0}};
  memset(got, 0, all * sizeof *got);
  SUCCEEDS(lmq_session_run(session, "text", &input, 1, &output, 1, &error));
  CHECK(same(got, expected, all));
  int64_t *wide = calloc(text_count * tokens, sizeof *wide);
  for (size_t i = 0; i < text_count * tokens; i++) wide[i] = ids[i];
  input.type = LMQ_TYPE_I64;
  input.data = wide;
  input.size = text_count * tokens * sizeof *wide;
  memset(got, 0, all * sizeof *got);
  SUCCEEDS(lmq_session_run(session, "text", &input, 1, &output, 1, &error));
  CHECK(same(got, expected, all));
  wide[0] = (int64_t)1 << 32; /* would be 0 if it were cut to 32 bits */
  ANSWERS(LMQ_ERROR_VALUE, "4294967296", lmq_session_run(session, "text", &input, 1, &output, 1, &error));
  free(wide);
  free(ids);
  lmq_session_close(piecewise);
  lmq_session_close(session);
  free(expected);
  free(got);
}

static void check_classifying(const lmq_model *model) {
  enum { labels_count = 3, template_count = 2 };
  const size_t width = facts.embedding_size;
  const char *const labels[labels_count] = {"zero", "four", "nine"};
  const char *const templates[template_count] = {"a photo of a {}", "{} or {}"};
  const char *const prompts[template_count] = {"a photo of a four", "four or four"};
  lmq_session *session = session_of(model, 0, 0);
  float *vectors = floats(labels_count * width), *pictures = floats(image_count * width), *two = floats(2 * width);
  float scores[image_count * labels_count], again[image_count * labels_count];
  SUCCEEDS(lmq_session_embed_labels(session, labels, labels_count, templates, template_count, vectors,
                                    labels_count * width, &error));
  SUCCEEDS(lmq_session_embed_images(session, images, image_count, pictures, image_count * width, &error));
  SUCCEEDS(lmq_session_score(session, pictures, image_count, vectors, labels_count, scores,
                             image_count * labels_count, &error));
  SUCCEEDS(lmq_session_classify(session, images, image_count, labels, labels_count, templates, template_count,
                                again, image_count * labels_count, &error));
  CHECK(same(scores, again, image_count * labels_count));

  /* The mean of two unit vectors, normalised; scores against the formula in double precision. */
  SUCCEEDS(lmq_session_embed_texts(session, prompts, NULL, template_count, two, 2 * width, &error));
  double length = 0;
  for (size_t j = 0; j < width; j++) length += pow(((double)two[j] + two[width + j]) / 2, 2);
  for (size_t j = 0; j < width; j++)
    CHECK(fabs(((double)two[j] + two[width + j]) / 2 / sqrt(length) - vectors[width + j]) < 1e-6);
  for (int i = 0; i < image_count; i++) {
    double similarity[labels_count], highest = -INFINITY, sum = 0, total = 0;
    for (int k = 0; k < labels_count; k++) {
      double dot = 0;
      for (size_t j = 0; j < width; j++) dot += (double)pictures[(size_t)i * width + j] * vectors[(size_t)k * width + j];
      similarity[k] = exp(facts.logit_scale) * dot;
      if (similarity[k] > highest) highest = similarity[k];
    }
    for (int k = 0; k < labels_count; k++) sum += exp(similarity[k] - highest);
    for (int k = 0; k < labels_count; k++) {
      CHECK(fabs(exp(similarity[k] - highest) / sum - scores[i * labels_count + k]) < 1e-4);
      total += scores[i * labels_count + k];
    }
    CHECK(fabs(total - 1) < 1e-5);
  }
  free(vectors);
  free(pictures);
  free(two);
  lmq_session_close(session);
}

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  lmq_model *model = NULL, *one = NULL, *opened = NULL, *memory = NULL;
  lmq_options options = LMQ_OPTIONS_INIT;
  make_inputs();
  options.threads = 2;
  SUCCEEDS(lmq_model_open(argv[1], &options, &model, &error));
  options.threads = 1;
  options.verify = LMQ_VERIFY_OPEN;
  SUCCEEDS(lmq_model_open(argv[1], &options, &one, &error));
  int descriptor = open(argv[1], O_RDONLY);
  SUCCEEDS(lmq_model_open_descriptor(descriptor, NULL, &opened, &error));
  CHECK(close(descriptor) == 0);
  size_t size = 0;
  void *bytes = read_file(argv[1], &size);
  SUCCEEDS(lmq_model_open_memory(bytes, size, NULL, &memory, &error));
  if (check_failures) return check_end("agreement");
  check_facts(model);
  CHECK(facts.file_size == size && facts.threads == 2);
  check_images(model, one);
  check_images(one, opened);
  check_texts(model, memory);
  check_texts(one, opened);
  check_classifying(model);
  options.kernels = "generic";
  lmq_model *generic = NULL;
  SUCCEEDS(lmq_model_open(argv[1], &options, &generic, &error));
  check_images(model, generic);
  check_texts(model, generic);
  lmq_model_close(generic);
  lmq_model_close(memory);
  lmq_model_close(opened);
  lmq_model_close(one);
  lmq_model_close(model);
  free(bytes);
  return check_end("agreement");
}
