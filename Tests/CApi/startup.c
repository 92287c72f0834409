/* startup MODEL: the program of the README. Prints the most memory that it ever held, which sdk.sh compares. */
#define _DEFAULT_SOURCE
#include "check.h"
#include <sys/resource.h>

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  static float vector[4096];
  const char *const text = "a photo of the digit seven";
  lmq_model *model;
  lmq_session *session;
  lmq_model_facts facts = LMQ_MODEL_FACTS_INIT;
  struct rusage usage;
  SUCCEEDS(lmq_model_open(argv[1], NULL, &model, &error));
  SUCCEEDS(lmq_session_open(model, NULL, &session, &error));
  SUCCEEDS(lmq_model_describe(model, &facts, &error));
  SUCCEEDS(lmq_session_embed_texts(session, &text, NULL, 1, vector, facts.embedding_size, &error));
  lmq_session_close(session);
  lmq_model_close(model);
  CHECK(getrusage(RUSAGE_SELF, &usage) == 0);
  printf("startup: peak %ld KiB\n", usage.ru_maxrss);
  return check_end("startup");
}
