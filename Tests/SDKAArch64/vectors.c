/* vectors MODEL...: the bits of what each model gives for the same images, texts and tensors, one result a line.
 * Two machines, two kernel tables and two builds of the library must print the same. The table in use goes to
 * standard error. */
#include <limequat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { batch = 4, image_count = 3, text_count = 4, most_bytes = 1 << 20 };
static const char *const texts[text_count] = {"a photo of the digit seven", "", "nine", "the number \xc3\xa9 4 2"};
/* Enlarged, reduced, with a stride. */
static const struct {
  size_t width, height, stride;
} sizes[image_count] = {{8, 8, 0}, {97, 61, 0}, {33, 70, 120}};
static unsigned char pixels[image_count][120 * 100 * 3], given[most_bytes];
static float taken[most_bytes / 4];
static lmq_error error;

static unsigned next(void) {
  static unsigned state;
  return (state = state * 1664525u + 1013904223u) >> 16;
}

static void print(const char *model, const char *what, const float *values, size_t count) {
  unsigned bits;
  printf("%s %s", model, what);
  for (size_t i = 0; i < count; i++) {
    memcpy(&bits, &values[i], sizeof bits);
    printf(" %08x", bits);
  }
  putchar('\n');
}

/* A signature on numbers that fit its inputs: floats in [-1, 1), ids from 0 to 15. */
static lmq_status run(const lmq_model *model, lmq_session *session, const char *name, size_t index) {
  lmq_signature_facts signature = LMQ_SIGNATURE_FACTS_INIT;
  lmq_tensor_facts tensor = LMQ_TENSOR_FACTS_INIT, result = LMQ_TENSOR_FACTS_INIT;
  lmq_input input = {0};
  lmq_output output = {0};
  lmq_status status;
  if ((status = lmq_model_describe_signature(model, index, &signature, &error)) ||
      (status = lmq_model_describe_input(model, index, 0, &tensor, &error)) ||
      (status = lmq_model_describe_output(model, index, 0, &result, &error)))
    return status;
  input.name = tensor.name;
  input.type = tensor.type;
  input.rank = tensor.rank;
  size_t count = 1;
  for (unsigned i = 0; i < tensor.rank; i++) {
    input.dims[i] = tensor.dims[i] < 0 ? batch : tensor.dims[i];
    count *= (size_t)input.dims[i];
  }
  if (count > most_bytes / 4) return LMQ_ERROR_SHAPE;
  for (size_t i = 0; i < count; i++) {
    float value = (float)((int)next() - 32768) / 32768;
    int id = (int)next() % 16;
    memcpy(given + 4 * i, tensor.type == LMQ_TYPE_F32 ? (void *)&value : (void *)&id, 4);
  }
  input.data = given;
  input.size = 4 * count;
  output.name = result.name;
  output.data = taken;
  output.size = sizeof taken;
  if ((status = lmq_session_run(session, signature.name, &input, 1, &output, 1, &error))) return status;
  print(name, signature.name, taken, output.size / 4);
  return LMQ_OK;
}

/* Pixels and texts, as far as the model takes any. */
static lmq_status embed(lmq_session *session, const char *name, const lmq_model_facts *facts) {
  lmq_image images[image_count];
  lmq_status status;
  for (int i = 0; i < image_count; i++) {
    images[i].pixels = pixels[i];
    images[i].width = sizes[i].width;
    images[i].height = sizes[i].height;
    images[i].stride = sizes[i].stride;
    for (size_t b = 0; b < sizeof pixels[i]; b++) pixels[i][b] = (unsigned char)next();
  }
  size_t floats = image_count * facts->embedding_size;
  status = lmq_session_embed_images(session, images, image_count, taken, floats, &error);
  if (status == LMQ_OK) print(name, "images", taken, floats);
  if (status != LMQ_OK && status != LMQ_ERROR_UNSUPPORTED && status != LMQ_ERROR_NOT_FOUND) return status;
  floats = text_count * facts->embedding_size;
  status = lmq_session_embed_texts(session, texts, NULL, text_count, taken, floats, &error);
  if (status == LMQ_OK) print(name, "texts", taken, floats);
  return status == LMQ_ERROR_UNSUPPORTED || status == LMQ_ERROR_NOT_FOUND ? LMQ_OK : status;
}

int main(int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    lmq_model *model = NULL;
    lmq_session *session = NULL;
    lmq_model_facts facts = LMQ_MODEL_FACTS_INIT;
    const char *name = strrchr(argv[i], '/') ? strrchr(argv[i], '/') + 1 : argv[i];
    lmq_status status;
    if ((status = lmq_model_open(argv[i], NULL, &model, &error)) == LMQ_OK &&
        (status = lmq_model_describe(model, &facts, &error)) == LMQ_OK &&
        (status = lmq_session_open(model, NULL, &session, &error)) == LMQ_OK) {
      if (i == 1) fprintf(stderr, "%s\n", facts.kernels);
      status = embed(session, name, &facts);
      for (size_t s = 0; status == LMQ_OK && s < facts.signature_count; s++) status = run(model, session, name, s);
    }
    lmq_session_close(session);
    lmq_model_close(model);
    if (status != LMQ_OK) return fprintf(stderr, "%s: %s: %s\n", argv[i], lmq_status_name(status), error.message), 1;
  }
  return 0;
}
