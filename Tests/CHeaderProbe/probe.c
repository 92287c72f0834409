/* limequat.h as a program of either language sees it: compiled as C and as C++ with every warning an error. */
#include <limequat.h>
#include <limequat.h> /* twice does no harm */

/* Each INIT macro sets the size, and 0 or NULL else. */
lmq_options options = LMQ_OPTIONS_INIT;
lmq_session_options session_options = LMQ_SESSION_OPTIONS_INIT;
lmq_model_facts model_facts = LMQ_MODEL_FACTS_INIT;
lmq_signature_facts signature_facts = LMQ_SIGNATURE_FACTS_INIT;
lmq_tensor_facts tensor_facts = LMQ_TENSOR_FACTS_INIT;
lmq_routing routing = LMQ_ROUTING_INIT;
lmq_session_counters session_counters = LMQ_SESSION_COUNTERS_INIT;
lmq_model_counters model_counters = LMQ_MODEL_COUNTERS_INIT;

/* The widths that the ABI rests on. */
typedef char status_is_32_bits[sizeof(lmq_status) == 4 ? 1 : -1];
typedef char type_is_32_bits[sizeof(lmq_type) == 4 ? 1 : -1];
typedef char verify_is_32_bits[sizeof(lmq_verify) == 4 ? 1 : -1];
typedef char log_level_is_32_bits[sizeof(lmq_log_level) == 4 ? 1 : -1];
typedef char error_is_512_bytes[sizeof(lmq_error) == 512 ? 1 : -1];

/* Callbacks of the program's own language. */
void hear(void *user, lmq_log_level level, const char *message);
int watch(void *user, uint64_t done, uint64_t total);
void set_callbacks(void);
void set_callbacks(void) {
  options.logger = hear;
  session_options.progress = watch;
}

/* The shortest use: what the header's first comment shows. */
int embed(const char *path, float *vector, size_t size);
int embed(const char *path, float *vector, size_t size) {
  lmq_model *model;
  lmq_session *session;
  lmq_error error;
  const char *text = "a photo of a seven";
  lmq_image image = {NULL, 0, 0, 0};
  lmq_status status = lmq_model_open(path, &options, &model, &error);
  if (status == LMQ_OK) status = lmq_session_open(model, &session_options, &session, &error);
  else return (int)status;
  if (status == LMQ_OK) status = lmq_session_embed_texts(session, &text, NULL, 1, vector, size, &error);
  if (status == LMQ_OK) status = lmq_session_embed_images(session, &image, 0, vector, 0, &error);
  lmq_session_close(session);
  lmq_model_close(model);
  return (int)status;
}
