/* refusals MODEL: every function called wrongly answers its code, and the message names the argument. MODEL
 * has the signatures "image" and "text", preprocessing and a tokenizer. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"
#include <fcntl.h>
#include <unistd.h>

static lmq_model *model;
static lmq_session *session;
static lmq_model_facts facts = LMQ_MODEL_FACTS_INIT;
static uint8_t pixels[16 * 16 * 3];
static const lmq_image image = {pixels, 16, 16, 0};
static const char *const seven = "seven";

static void opening(const char *path) {
  lmq_model *none = (lmq_model *)1;
  ANSWERS(LMQ_ERROR_ARGUMENT, "path", lmq_model_open(NULL, NULL, &none, &error));
  CHECK(none == NULL);
  ANSWERS(LMQ_ERROR_ARGUMENT, "out_model", lmq_model_open(path, NULL, NULL, &error));
  none = (lmq_model *)1;
  ANSWERS(LMQ_ERROR_IO, "/no/such/file.lmq", lmq_model_open("/no/such/file.lmq", NULL, &none, &error));
  CHECK(none == NULL && error.system_error != 0);
  CHECK(lmq_model_open("/no/such/file.lmq", NULL, &none, NULL) == LMQ_ERROR_IO);
  ANSWERS(LMQ_ERROR_IO, "/", lmq_model_open("/", NULL, &none, &error));
  ANSWERS(LMQ_ERROR_FORMAT, "", lmq_model_open("/proc/self/exe", NULL, &none, &error));
  ANSWERS(LMQ_ERROR_IO, "", lmq_model_open("", NULL, &none, &error));

  ANSWERS(LMQ_ERROR_IO, "descriptor", lmq_model_open_descriptor(-1, NULL, &none, &error));
  ANSWERS(LMQ_ERROR_ARGUMENT, "out_model", lmq_model_open_descriptor(0, NULL, NULL, &error));

  size_t size = 0;
  char *bytes = read_file(path, &size);
  CHECK(bytes != NULL);
  ANSWERS(LMQ_ERROR_ARGUMENT, "bytes", lmq_model_open_memory(NULL, size, NULL, &none, &error));
  ANSWERS(LMQ_ERROR_FORMAT, "", lmq_model_open_memory(bytes, 0, NULL, &none, &error));
  ANSWERS(LMQ_ERROR_FORMAT, "", lmq_model_open_memory(bytes, size / 2, NULL, &none, &error));
  ANSWERS(LMQ_ERROR_ARGUMENT, "bytes", lmq_model_open_memory(bytes, SIZE_MAX, NULL, &none, &error));
  ANSWERS(LMQ_ERROR_ARGUMENT, "64", lmq_model_open_memory(bytes + 8, size - 8, NULL, &none, &error));
  ANSWERS(LMQ_ERROR_ARGUMENT, "out_model", lmq_model_open_memory(bytes, size, NULL, NULL, &error));
  free(bytes);

  lmq_options options = LMQ_OPTIONS_INIT;
  options.struct_size = 0;
  ANSWERS(LMQ_ERROR_ARGUMENT, "struct_size", lmq_model_open(path, &options, &none, &error));
  options.struct_size = sizeof options - 1;
  ANSWERS(LMQ_ERROR_ARGUMENT, "struct_size", lmq_model_open(path, &options, &none, &error));
  options.struct_size = SIZE_MAX;
  ANSWERS(LMQ_ERROR_ARGUMENT, "struct_size", lmq_model_open(path, &options, &none, &error));
  options.struct_size = sizeof options;
  options.verify = (lmq_verify)77;
  ANSWERS(LMQ_ERROR_ARGUMENT, "verify", lmq_model_open(path, &options, &none, &error));
  options.verify = LMQ_VERIFY_DEFAULT;
  options.kernels = "abacus";
  ANSWERS(LMQ_ERROR_UNSUPPORTED, "abacus", lmq_model_open(path, &options, &none, &error));
  options.kernels = NULL;
  options.threads = UINT32_MAX;
  ANSWERS(LMQ_ERROR_ARGUMENT, "threads", lmq_model_open(path, &options, &none, &error));

  /* A program of a later version: more fields, which this library may ignore only when they are 0. */
  struct {
    lmq_options known;
    uint64_t later;
  } longer = {LMQ_OPTIONS_INIT, 0};
  longer.known.struct_size = sizeof longer;
  SUCCEEDS(lmq_model_open(path, &longer.known, &none, &error));
  lmq_model_close(none);
  longer.later = 1;
  ANSWERS(LMQ_ERROR_UNSUPPORTED, "options", lmq_model_open(path, &longer.known, &none, &error));
  CHECK(none == NULL);
}

static void facts_of_models(void) {
  size_t index = 7;
  const char *key = NULL, *value = NULL;
  lmq_signature_facts signature = LMQ_SIGNATURE_FACTS_INIT;
  lmq_tensor_facts tensor = LMQ_TENSOR_FACTS_INIT;
  lmq_model_facts wrong = LMQ_MODEL_FACTS_INIT;

  ANSWERS(LMQ_ERROR_ARGUMENT, "model", lmq_model_describe(NULL, &facts, &error));
  ANSWERS(LMQ_ERROR_ARGUMENT, "out_facts", lmq_model_describe(model, NULL, &error));
  ANSWERS(LMQ_ERROR_HANDLE, "model", lmq_model_describe((lmq_model *)session, &facts, &error));
  ANSWERS(LMQ_ERROR_HANDLE, "model", lmq_model_describe((lmq_model *)pixels, &facts, &error));
  ANSWERS(LMQ_ERROR_HANDLE, "model", lmq_model_describe((lmq_model *)UINTPTR_MAX, &facts, &error));
  wrong.struct_size = 8;
  ANSWERS(LMQ_ERROR_ARGUMENT, "struct_size", lmq_model_describe(model, &wrong, &error));
  wrong.struct_size = SIZE_MAX;
  ANSWERS(LMQ_ERROR_ARGUMENT, "struct_size", lmq_model_describe(model, &wrong, &error));

  ANSWERS(LMQ_ERROR_ARGUMENT, "model", lmq_model_find_signature(NULL, "text", &index, &error));
  ANSWERS(LMQ_ERROR_ARGUMENT, "name", lmq_model_find_signature(model, NULL, &index, &error));
  ANSWERS(LMQ_ERROR_ARGUMENT, "out_index", lmq_model_find_signature(model, "text", NULL, &error));
  ANSWERS(LMQ_ERROR_NOT_FOUND, "sound", lmq_model_find_signature(model, "sound", &index, &error));
  ANSWERS(LMQ_ERROR_NOT_FOUND, "", lmq_model_find_signature(model, "", &index, &error));

  ANSWERS(LMQ_ERROR_ARGUMENT, "model", lmq_model_describe_signature(NULL, 0, &signature, &error));
  ANSWERS(LMQ_ERROR_ARGUMENT, "out_facts", lmq_model_describe_signature(model, 0, NULL, &error));
  ANSWERS(LMQ_ERROR_NOT_FOUND, "index",
          lmq_model_describe_signature(model, facts.signature_count, &signature, &error));
  ANSWERS(LMQ_ERROR_NOT_FOUND, "index", lmq_model_describe_signature(model, SIZE_MAX, &signature, &error));
  signature.struct_size = 0;
  ANSWERS(LMQ_ERROR_ARGUMENT, "struct_size", lmq_model_describe_signature(model, 0, &signature, &error));

  ANSWERS(LMQ_ERROR_ARGUMENT, "model", lmq_model_describe_input(NULL, 0, 0, &tensor, &error));
  ANSWERS(LMQ_ERROR_ARGUMENT, "out_facts", lmq_model_describe_input(model, 0, 0, NULL, &error));
  ANSWERS(LMQ_ERROR_NOT_FOUND, "signature", lmq_model_describe_input(model, SIZE_MAX, 0, &tensor, &error));
  ANSWERS(LMQ_ERROR_NOT_FOUND, "index", lmq_model_describe_input(model, 0, SIZE_MAX, &tensor, &error));
  ANSWERS(LMQ_ERROR_ARGUMENT, "model", lmq_model_describe_output(NULL, 0, 0, &tensor, &error));
  ANSWERS(LMQ_ERROR_ARGUMENT, "out_facts", lmq_model_describe_output(model, 0, 0, NULL, &error));
  ANSWERS(LMQ_ERROR_NOT_FOUND, "signature", lmq_model_describe_output(model, SIZE_MAX, 0, &tensor, &error));
  ANSWERS(LMQ_ERROR_NOT_FOUND, "index", lmq_model_describe_output(model, 0, 1, &tensor, &error));
  tensor.struct_size = 1;
  ANSWERS(LMQ_ERROR_ARGUMENT, "struct_size", lmq_model_describe_input(model, 0, 0, &tensor, &error));

  ANSWERS(LMQ_ERROR_ARGUMENT, "model", lmq_model_metadata(NULL, 0, &key, &value, &error));
  ANSWERS(LMQ_ERROR_ARGUMENT, "out_key", lmq_model_metadata(model, 0, NULL, &value, &error));
  ANSWERS(LMQ_ERROR_ARGUMENT, "out_value", lmq_model_metadata(model, 0, &key, NULL, &error));
  ANSWERS(LMQ_ERROR_NOT_FOUND, "index",
          lmq_model_metadata(model, facts.metadata_count, &key, &value, &error));
}

static void sessions(void) {
  lmq_session *none = (lmq_session *)1;
  ANSWERS(LMQ_ERROR_ARGUMENT, "model", lmq_session_open(NULL, NULL, &none, &error));
  CHECK(none == NULL);
  ANSWERS(LMQ_ERROR_ARGUMENT, "out_session", lmq_session_open(model, NULL, NULL, &error));
  ANSWERS(LMQ_ERROR_HANDLE, "model", lmq_session_open((lmq_model *)session, NULL, &none, &error));
  lmq_session_options options = LMQ_SESSION_OPTIONS_INIT;
  options.struct_size = 3;
  ANSWERS(LMQ_ERROR_ARGUMENT, "struct_size", lmq_session_open(model, &options, &none, &error));
  options.struct_size = SIZE_MAX;
  ANSWERS(LMQ_ERROR_ARGUMENT, "struct_size", lmq_session_open(model, &options, &none, &error));
  options.struct_size = sizeof options;
  options.reserved = 1;
  ANSWERS(LMQ_ERROR_ARGUMENT, "reserved", lmq_session_open(model, &options, &none, &error));
  options.reserved = 0;
  ANSWERS(LMQ_ERROR_ARGUMENT, "options",
          lmq_session_open(model, (const lmq_session_options *)((const char *)&options + 1), &none, &error));
  struct {
    lmq_session_options known;
    void (*later)(void);
  } longer = {LMQ_SESSION_OPTIONS_INIT, NULL};
  longer.known.struct_size = sizeof longer;
  SUCCEEDS(lmq_session_open(model, &longer.known, &none, &error));
  lmq_session_close(none);
  longer.later = (void (*)(void))sessions;
  ANSWERS(LMQ_ERROR_UNSUPPORTED, "options", lmq_session_open(model, &longer.known, &none, &error));
  CHECK(none == NULL);
}

/* Functions that tell what sessions did. */
static void states(void) {
  lmq_routing routing = LMQ_ROUTING_INIT;
  lmq_session_counters counters = LMQ_SESSION_COUNTERS_INIT;
  lmq_model_counters experts = LMQ_MODEL_COUNTERS_INIT;
  ANSWERS(LMQ_ERROR_ARGUMENT, "session", lmq_session_read_routing(NULL, 0, &routing, &error));
  ANSWERS(LMQ_ERROR_HANDLE, "session", lmq_session_read_routing((lmq_session *)model, 0, &routing, &error));
  ANSWERS(LMQ_ERROR_ARGUMENT, "out_routing", lmq_session_read_routing(session, 0, NULL, &error));
  ANSWERS(LMQ_ERROR_ARGUMENT, "session", lmq_session_read_counters(NULL, &counters, &error));
  ANSWERS(LMQ_ERROR_HANDLE, "session", lmq_session_read_counters((lmq_session *)model, &counters, &error));
  ANSWERS(LMQ_ERROR_ARGUMENT, "out_counters", lmq_session_read_counters(session, NULL, &error));
  ANSWERS(LMQ_ERROR_ARGUMENT, "model", lmq_model_read_counters(NULL, &experts, &error));
  ANSWERS(LMQ_ERROR_HANDLE, "model", lmq_model_read_counters((lmq_model *)session, &experts, &error));
  ANSWERS(LMQ_ERROR_ARGUMENT, "out_counters", lmq_model_read_counters(model, NULL, &error));
  ANSWERS(LMQ_ERROR_ARGUMENT, "session", lmq_session_trim(NULL, &error));
  ANSWERS(LMQ_ERROR_HANDLE, "session", lmq_session_trim((lmq_session *)model, &error));
  counters.struct_size = sizeof counters - 8;
  ANSWERS(LMQ_ERROR_ARGUMENT, "struct_size", lmq_session_read_counters(session, &counters, &error));
  experts.struct_size = 0;
  ANSWERS(LMQ_ERROR_ARGUMENT, "struct_size", lmq_model_read_counters(model, &experts, &error));
  experts.struct_size = SIZE_MAX;
  ANSWERS(LMQ_ERROR_ARGUMENT, "struct_size", lmq_model_read_counters(model, &experts, &error));

  /* What a later header has at the end of a struct becomes 0. */
  struct {
    lmq_session_counters known;
    uint64_t later[2];
  } longer = {LMQ_SESSION_COUNTERS_INIT, {7, 7}};
  longer.known.struct_size = sizeof longer;
  SUCCEEDS(lmq_session_read_counters(session, &longer.known, &error));
  CHECK(longer.known.struct_size == sizeof longer && longer.later[0] == 0 && longer.later[1] == 0);
}

static void images(float *vectors) {
  const size_t width = facts.embedding_size;
  lmq_image wrong = image;
  ANSWERS(LMQ_ERROR_ARGUMENT, "session", lmq_session_embed_images(NULL, &image, 1, vectors, width, &error));
  ANSWERS(LMQ_ERROR_HANDLE, "session",
          lmq_session_embed_images((lmq_session *)model, &image, 1, vectors, width, &error));
  ANSWERS(LMQ_ERROR_ARGUMENT, "images", lmq_session_embed_images(session, NULL, 1, vectors, width, &error));
  ANSWERS(LMQ_ERROR_ARGUMENT, "out_vectors", lmq_session_embed_images(session, &image, 1, NULL, width, &error));
  ANSWERS(LMQ_ERROR_SHAPE, "vector_floats",
          lmq_session_embed_images(session, &image, 1, vectors, width - 1, &error));
  ANSWERS(LMQ_ERROR_SHAPE, "vector_floats",
          lmq_session_embed_images(session, &image, 1, vectors, SIZE_MAX, &error));
  ANSWERS(LMQ_ERROR_ARGUMENT, "images",
          lmq_session_embed_images(session, &image, SIZE_MAX, vectors, width, &error));
  ANSWERS(LMQ_ERROR_ARGUMENT, "out_vectors",
          lmq_session_embed_images(session, &image, 1, (float *)((char *)vectors + 1), width, &error));
  ANSWERS(LMQ_ERROR_ARGUMENT, "images",
          lmq_session_embed_images(session, (const lmq_image *)((const char *)&image + 1), 1, vectors, width,
                                   &error));
  wrong.pixels = NULL;
  ANSWERS(LMQ_ERROR_ARGUMENT, "pixels", lmq_session_embed_images(session, &wrong, 1, vectors, width, &error));
  wrong = image;
  wrong.width = 0;
  ANSWERS(LMQ_ERROR_SHAPE, "width", lmq_session_embed_images(session, &wrong, 1, vectors, width, &error));
  wrong.width = SIZE_MAX;
  ANSWERS(LMQ_ERROR_SHAPE, "width", lmq_session_embed_images(session, &wrong, 1, vectors, width, &error));
  wrong.width = SIZE_MAX / 3 + 2; /* 3 * width wraps to a small number */
  ANSWERS(LMQ_ERROR_SHAPE, "width", lmq_session_embed_images(session, &wrong, 1, vectors, width, &error));
  wrong = image;
  wrong.height = 0;
  ANSWERS(LMQ_ERROR_SHAPE, "height", lmq_session_embed_images(session, &wrong, 1, vectors, width, &error));
  wrong = image;
  wrong.stride = 47;
  ANSWERS(LMQ_ERROR_SHAPE, "stride", lmq_session_embed_images(session, &wrong, 1, vectors, width, &error));
  wrong.stride = SIZE_MAX;
  ANSWERS(LMQ_ERROR_SHAPE, "stride", lmq_session_embed_images(session, &wrong, 1, vectors, width, &error));
  wrong = image;
  wrong.pixels = (const uint8_t *)vectors;
  ANSWERS(LMQ_ERROR_ARGUMENT, "overlap", lmq_session_embed_images(session, &wrong, 1, vectors, width, &error));
  SUCCEEDS(lmq_session_embed_images(session, NULL, 0, NULL, 0, &error));

  ANSWERS(LMQ_ERROR_ARGUMENT, "signature",
          lmq_session_preprocess(session, NULL, &image, 1, vectors, width, &error));
  ANSWERS(LMQ_ERROR_NOT_FOUND, "sound",
          lmq_session_preprocess(session, "sound", &image, 1, vectors, width, &error));
  ANSWERS(LMQ_ERROR_UNSUPPORTED, "text",
          lmq_session_preprocess(session, "text", &image, 1, vectors, width, &error));
  ANSWERS(LMQ_ERROR_SHAPE, "pixel_floats",
          lmq_session_preprocess(session, "image", &image, 1, vectors, 1, &error));
  ANSWERS(LMQ_ERROR_ARGUMENT, "out_pixels",
          lmq_session_preprocess(session, "image", &image, 1, NULL, 3072, &error));
  ANSWERS(LMQ_ERROR_ARGUMENT, "session",
          lmq_session_preprocess(NULL, "image", &image, 1, vectors, width, &error));
}

static void texts(float *vectors) {
  const size_t width = facts.embedding_size;
  const char *const nothing = NULL;
  const size_t one = 1, huge = SIZE_MAX;
  int32_t ids[4096];
  CHECK(facts.token_count > 0 && facts.token_count < 4096);
  ANSWERS(LMQ_ERROR_ARGUMENT, "session",
          lmq_session_embed_texts(NULL, &seven, NULL, 1, vectors, width, &error));
  ANSWERS(LMQ_ERROR_ARGUMENT, "texts",
          lmq_session_embed_texts(session, NULL, NULL, 1, vectors, width, &error));
  ANSWERS(LMQ_ERROR_ARGUMENT, "texts",
          lmq_session_embed_texts(session, &nothing, NULL, 1, vectors, width, &error));
  ANSWERS(LMQ_ERROR_ARGUMENT, "texts",
          lmq_session_embed_texts(session, &nothing, &one, 1, vectors, width, &error));
  ANSWERS(LMQ_ERROR_ARGUMENT, "sizes",
          lmq_session_embed_texts(session, &seven, &huge, 1, vectors, width, &error));
  ANSWERS(LMQ_ERROR_ARGUMENT, "texts",
          lmq_session_embed_texts(session, &seven, NULL, SIZE_MAX, vectors, width, &error));
  ANSWERS(LMQ_ERROR_SHAPE, "vector_floats",
          lmq_session_embed_texts(session, &seven, NULL, 1, vectors, width + 1, &error));
  ANSWERS(LMQ_ERROR_ARGUMENT, "out_vectors",
          lmq_session_embed_texts(session, &seven, NULL, 1, NULL, width, &error));
  ANSWERS(LMQ_ERROR_ARGUMENT, "out_vectors",
          lmq_session_embed_texts(session, &seven, NULL, 1, (float *)((char *)vectors + 2), width, &error));
  const char *const bad = "\xff\xfe";
  (void)lmq_session_embed_texts(session, &bad, NULL, 1, vectors, width, &error); /* any answer, no trap */
  const char *const empty = "";
  SUCCEEDS(lmq_session_embed_texts(session, &empty, NULL, 1, vectors, width, &error));
  SUCCEEDS(lmq_session_embed_texts(session, NULL, NULL, 0, NULL, 0, &error));

  ANSWERS(LMQ_ERROR_ARGUMENT, "session",
          lmq_session_tokenize(NULL, &seven, NULL, 1, ids, facts.token_count, &error));
  ANSWERS(LMQ_ERROR_ARGUMENT, "texts",
          lmq_session_tokenize(session, NULL, NULL, 1, ids, facts.token_count, &error));
  ANSWERS(LMQ_ERROR_ARGUMENT, "out_ids",
          lmq_session_tokenize(session, &seven, NULL, 1, NULL, facts.token_count, &error));
  ANSWERS(LMQ_ERROR_SHAPE, "id_count", lmq_session_tokenize(session, &seven, NULL, 1, ids, 0, &error));
}

static void classifying(float *vectors) {
  const size_t width = facts.embedding_size;
  const char *const none = NULL;
  const char *const template = "a photo of a {}";
  const char *const plain = "a photo";
  float score;
  ANSWERS(LMQ_ERROR_ARGUMENT, "session",
          lmq_session_embed_labels(NULL, &seven, 1, NULL, 0, vectors, width, &error));
  ANSWERS(LMQ_ERROR_ARGUMENT, "labels",
          lmq_session_embed_labels(session, NULL, 1, NULL, 0, vectors, width, &error));
  ANSWERS(LMQ_ERROR_ARGUMENT, "labels",
          lmq_session_embed_labels(session, &none, 1, NULL, 0, vectors, width, &error));
  ANSWERS(LMQ_ERROR_ARGUMENT, "templates",
          lmq_session_embed_labels(session, &seven, 1, NULL, 1, vectors, width, &error));
  ANSWERS(LMQ_ERROR_ARGUMENT, "templates",
          lmq_session_embed_labels(session, &seven, 1, &none, 1, vectors, width, &error));
  ANSWERS(LMQ_ERROR_VALUE, "{}", lmq_session_embed_labels(session, &seven, 1, &plain, 1, vectors, width, &error));
  ANSWERS(LMQ_ERROR_SHAPE, "vector_floats",
          lmq_session_embed_labels(session, &seven, 1, &template, 1, vectors, 0, &error));
  ANSWERS(LMQ_ERROR_ARGUMENT, "labels",
          lmq_session_embed_labels(session, &seven, SIZE_MAX, &template, 1, vectors, width, &error));

  ANSWERS(LMQ_ERROR_ARGUMENT, "session", lmq_session_score(NULL, vectors, 1, vectors, 1, &score, 1, &error));
  ANSWERS(LMQ_ERROR_ARGUMENT, "image_vectors",
          lmq_session_score(session, NULL, 1, vectors, 1, &score, 1, &error));
  ANSWERS(LMQ_ERROR_ARGUMENT, "label_vectors",
          lmq_session_score(session, vectors, 1, NULL, 1, &score, 1, &error));
  ANSWERS(LMQ_ERROR_ARGUMENT, "out_scores",
          lmq_session_score(session, vectors, 1, vectors, 1, NULL, 1, &error));
  ANSWERS(LMQ_ERROR_SHAPE, "score_count",
          lmq_session_score(session, vectors, 1, vectors, 1, &score, 2, &error));
  ANSWERS(LMQ_ERROR_ARGUMENT, "image_count",
          lmq_session_score(session, vectors, SIZE_MAX, vectors, SIZE_MAX, &score, 1, &error));
  ANSWERS(LMQ_ERROR_ARGUMENT, "overlap",
          lmq_session_score(session, vectors, 1, vectors, 1, vectors, 1, &error));
  SUCCEEDS(lmq_session_score(session, NULL, 0, vectors, 1, NULL, 0, &error));

  ANSWERS(LMQ_ERROR_ARGUMENT, "session",
          lmq_session_classify(NULL, &image, 1, &seven, 1, NULL, 0, &score, 1, &error));
  ANSWERS(LMQ_ERROR_ARGUMENT, "images",
          lmq_session_classify(session, NULL, 1, &seven, 1, NULL, 0, &score, 1, &error));
  ANSWERS(LMQ_ERROR_ARGUMENT, "labels",
          lmq_session_classify(session, &image, 1, NULL, 1, NULL, 0, &score, 1, &error));
  ANSWERS(LMQ_ERROR_SHAPE, "score_count",
          lmq_session_classify(session, &image, 1, &seven, 1, NULL, 0, &score, 7, &error));
  ANSWERS(LMQ_ERROR_ARGUMENT, "out_scores",
          lmq_session_classify(session, &image, 1, &seven, 1, NULL, 0, NULL, 1, &error));
}

static void running(float *vectors) {
  const size_t width = facts.embedding_size;
  static int32_t ids[4096];
  const int64_t tokens = (int64_t)facts.token_count;
  lmq_input input = {"token_ids", LMQ_TYPE_I32, 2, {1, tokens}, ids, 4 * facts.token_count};
  lmq_output output = {"embedding", vectors, 4 * width, LMQ_TYPE_F32, 0, {0}};
  lmq_input in = input;
  lmq_output out = output;
#define PLAN lmq_session_plan(session, "text", &in, 1, &out, 1, &error)
#define RUN lmq_session_run(session, "text", &in, 1, &out, 1, &error)
  SUCCEEDS(PLAN);
  CHECK(out.type == LMQ_TYPE_F32 && out.rank == 2 && out.dims[0] == 1 && out.dims[1] == (int64_t)width);
  CHECK(out.size == 4 * width);
  out = output;
  SUCCEEDS(RUN);
  CHECK(out.rank == 2 && out.dims[1] == (int64_t)width && out.size == 4 * width);

  ANSWERS(LMQ_ERROR_ARGUMENT, "session", lmq_session_plan(NULL, "text", &in, 1, &out, 1, &error));
  ANSWERS(LMQ_ERROR_ARGUMENT, "session", lmq_session_run(NULL, "text", &in, 1, &out, 1, &error));
  ANSWERS(LMQ_ERROR_ARGUMENT, "signature", lmq_session_run(session, NULL, &in, 1, &out, 1, &error));
  ANSWERS(LMQ_ERROR_NOT_FOUND, "sound", lmq_session_run(session, "sound", &in, 1, &out, 1, &error));
  ANSWERS(LMQ_ERROR_ARGUMENT, "inputs", lmq_session_run(session, "text", NULL, 1, &out, 1, &error));
  ANSWERS(LMQ_ERROR_ARGUMENT, "outputs", lmq_session_run(session, "text", &in, 1, NULL, 1, &error));
  ANSWERS(LMQ_ERROR_ARGUMENT, "inputs", lmq_session_run(session, "text", &in, SIZE_MAX, &out, 1, &error));
  ANSWERS(LMQ_ERROR_ARGUMENT, "outputs", lmq_session_run(session, "text", &in, 1, &out, SIZE_MAX, &error));
  ANSWERS(LMQ_ERROR_NOT_FOUND, "token_ids", lmq_session_run(session, "text", NULL, 0, &out, 1, &error));

  lmq_input twice[2] = {input, input};
  ANSWERS(LMQ_ERROR_ARGUMENT, "token_ids", lmq_session_run(session, "text", twice, 2, &out, 1, &error));
  in.name = NULL;
  ANSWERS(LMQ_ERROR_ARGUMENT, "name", RUN);
  in.name = "token";
  ANSWERS(LMQ_ERROR_NOT_FOUND, "token", RUN);
  in = input;
  in.type = LMQ_TYPE_F32;
  ANSWERS(LMQ_ERROR_TYPE, "token_ids", RUN);
  in.type = (lmq_type)99;
  ANSWERS(LMQ_ERROR_ARGUMENT, "type", RUN);
  in = input;
  in.rank = 1;
  ANSWERS(LMQ_ERROR_SHAPE, "token_ids", RUN);
  in.rank = 9;
  ANSWERS(LMQ_ERROR_SHAPE, "rank", RUN);
  in = input;
  in.dims[1]++;
  ANSWERS(LMQ_ERROR_SHAPE, "token_ids", RUN);
  in = input;
  in.dims[0] = -1;
  ANSWERS(LMQ_ERROR_SHAPE, "token_ids", RUN);
  in.dims[0] = 0;
  ANSWERS(LMQ_ERROR_SHAPE, "token_ids", RUN);
  in.dims[0] = INT64_MAX;
  ANSWERS(LMQ_ERROR_SHAPE, "token_ids", RUN);
  in = input;
  in.size--;
  ANSWERS(LMQ_ERROR_SHAPE, "size", RUN);
  in = input;
  in.data = NULL;
  ANSWERS(LMQ_ERROR_ARGUMENT, "data", RUN);
  in.data = (char *)ids + 1;
  ANSWERS(LMQ_ERROR_ARGUMENT, "data", RUN);
  in = input;
  ids[0] = -1;
  ANSWERS(LMQ_ERROR_VALUE, "-1", RUN);
  ids[0] = INT32_MAX;
  ANSWERS(LMQ_ERROR_VALUE, "2147483647", RUN);
  ids[0] = 0;

  out.name = NULL;
  ANSWERS(LMQ_ERROR_ARGUMENT, "name", RUN);
  out.name = "logits";
  ANSWERS(LMQ_ERROR_NOT_FOUND, "logits", RUN);
  out = output;
  out.data = NULL;
  ANSWERS(LMQ_ERROR_ARGUMENT, "data", RUN);
  out.data = (char *)vectors + 1;
  ANSWERS(LMQ_ERROR_ARGUMENT, "data", RUN);
  out = output;
  out.size = 4 * width - 1;
  ANSWERS(LMQ_ERROR_SHAPE, "embedding", RUN);
  out = output;
  out.data = ids;
  out.size = sizeof ids;
  ANSWERS(LMQ_ERROR_ARGUMENT, "overlap", RUN);
  lmq_output both[2] = {output, output};
  ANSWERS(LMQ_ERROR_ARGUMENT, "embedding", lmq_session_run(session, "text", &in, 1, both, 2, &error));
  out = output;
  SUCCEEDS(RUN);
#undef PLAN
#undef RUN
}

static void closing(const char *path, float *vectors) {
  lmq_session_cancel(session, 1);
  ANSWERS(LMQ_ERROR_CANCELLED, "",
          lmq_session_embed_texts(session, &seven, NULL, 1, vectors, facts.embedding_size, &error));
  lmq_session_cancel(session, 0);
  SUCCEEDS(lmq_session_embed_texts(session, &seven, NULL, 1, vectors, facts.embedding_size, &error));
  lmq_session_cancel(NULL, 1);

  lmq_session_close(NULL);
  lmq_model_close(NULL);
  lmq_session_close((lmq_session *)model); /* of another type: nothing happens */
  lmq_model_close((lmq_model *)session);
  SUCCEEDS(lmq_session_embed_texts(session, &seven, NULL, 1, vectors, facts.embedding_size, &error));

  lmq_model_close(model);
  ANSWERS(LMQ_ERROR_HANDLE, "model", lmq_model_describe(model, &facts, &error));
  SUCCEEDS(lmq_session_embed_texts(session, &seven, NULL, 1, vectors, facts.embedding_size, &error));
  lmq_session_close(session);
  ANSWERS(LMQ_ERROR_HANDLE, "session",
          lmq_session_embed_texts(session, &seven, NULL, 1, vectors, facts.embedding_size, &error));
  lmq_session_close(session);
  lmq_model_close(model);
  lmq_session_cancel(session, 1);

  lmq_model *other;
  SUCCEEDS(lmq_model_open(path, NULL, &other, &error));
  CHECK(other != model);
  ANSWERS(LMQ_ERROR_HANDLE, "model", lmq_model_describe(model, &facts, &error));
  SUCCEEDS(lmq_model_describe(other, &facts, &error));
  lmq_model_close(other);
}

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  CHECK(strcmp(lmq_version(), LMQ_VERSION) == 0 && lmq_abi_version() == LMQ_ABI_VERSION);
  CHECK(strcmp(lmq_status_name(LMQ_OK), "LMQ_OK") == 0);
  CHECK(strcmp(lmq_status_name(LMQ_ERROR_SHAPE), "LMQ_ERROR_SHAPE") == 0);
  CHECK(strcmp(lmq_status_name((lmq_status)12345), "LMQ_UNKNOWN") == 0);
  opening(argv[1]);
  SUCCEEDS(lmq_model_open(argv[1], NULL, &model, &error));
  SUCCEEDS(lmq_session_open(model, NULL, &session, &error));
  if (!model || !session) return check_end("refusals");
  SUCCEEDS(lmq_model_describe(model, &facts, &error));
  float *vectors = calloc(2 * facts.embedding_size, sizeof *vectors);
  facts_of_models();
  sessions();
  states();
  images(vectors);
  texts(vectors);
  classifying(vectors);
  running(vectors);
  closing(argv[1], vectors);
  free(vectors);
  return check_end("refusals");
}
