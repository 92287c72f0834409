/* routing MODEL SIGNATURE BATCH INPUT OUTPUT: which experts tokens choose. INPUT has the bytes of the signature's
 * input; OUTPUT gets an int32 for each token, layer after layer: its best expert. Prints layers and tokens. */

#include <stdio.h>
#include <stdlib.h>

#include "input.h"
#include "limequat.h"

static int fail(const lmq_error *error) {
  fprintf(stderr, "routing: %s\n", error->message);
  return 1;
}

int main(int count, char **words) {
  if (count != 6) return fputs("usage: routing MODEL SIGNATURE BATCH INPUT OUTPUT\n", stderr), 2;
  lmq_error error;
  lmq_model *model = NULL;
  lmq_session *session = NULL;
  lmq_session_options options = LMQ_SESSION_OPTIONS_INIT;
  options.trace_routing = 1;
  if (lmq_model_open(words[1], NULL, &model, &error)) return fail(&error);
  if (lmq_session_open(model, &options, &session, &error)) return fail(&error);

  lmq_input input;
  if (describe_input(model, words[2], atoll(words[3]), &input, &error)) return fail(&error);
  void *data = malloc(input.size);
  FILE *file = fopen(words[4], "rb");
  if (!data || !file || fread(data, 1, input.size, file) != input.size) return perror(words[4]), 3;
  fclose(file);
  input.data = data;
  lmq_output output = {.name = "embedding"};
  if (lmq_session_plan(session, words[2], &input, 1, &output, 1, &error)) return fail(&error);
  if (!(output.data = malloc(output.size))) return 3;
  if (lmq_session_run(session, words[2], &input, 1, &output, 1, &error)) return fail(&error);

  file = fopen(words[5], "wb");
  if (!file) return perror(words[5]), 3;
  lmq_routing routing = LMQ_ROUTING_INIT;
  size_t layer = 0;
  do {
    if (lmq_session_read_routing(session, layer, &routing, &error)) return fail(&error);
    for (size_t token = 0; token < routing.token_count; token++)
      if (fwrite(&routing.experts[token * routing.experts_per_token], 4, 1, file) != 1)
        return perror(words[5]), 3;
  } while (++layer < routing.layer_count);
  if (fclose(file)) return perror(words[5]), 3;
  printf("%zu %zu\n", layer, routing.token_count);
  lmq_session_close(session);
  lmq_model_close(model);
  free(data);
  free(output.data);
  return 0;
}
