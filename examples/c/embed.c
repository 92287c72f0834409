/* embed MODEL IMAGE.ppm TEXT...: embeds an image and some texts, and prints the text nearest to the image.
 *
 *     cc embed.c -o embed $(pkg-config --cflags --libs limequat)
 */
#include "pnm.h"

int main(int argc, char **argv) {
  if (argc < 4) return fprintf(stderr, "usage: embed MODEL IMAGE.ppm TEXT...\n"), 2;
  lmq_model *model = NULL;
  lmq_session *session = NULL;
  lmq_model_facts facts = LMQ_MODEL_FACTS_INIT;
  lmq_error error;
  float *vectors = NULL; /* the image's, then one for each text */
  size_t count = (size_t)argc - 3, nearest = 0;
  lmq_image image = pnm_read(argv[2]);
  if (!image.pixels) return fprintf(stderr, "%s: cannot be read as a binary PPM or PGM image\n", argv[2]), 1;

  if (lmq_model_open(argv[1], NULL, &model, &error) == LMQ_OK &&
      lmq_model_describe(model, &facts, &error) == LMQ_OK &&
      lmq_session_open(model, NULL, &session, &error) == LMQ_OK &&
      (vectors = malloc((1 + count) * facts.embedding_size * sizeof *vectors)) &&
      lmq_session_embed_images(session, &image, 1, vectors, facts.embedding_size, &error) == LMQ_OK &&
      lmq_session_embed_texts(session, (const char *const *)argv + 3, NULL, count,
                              vectors + facts.embedding_size, count * facts.embedding_size, &error) == LMQ_OK) {
    float highest = -2;
    for (size_t i = 0; i < count; i++) {
      float dot = 0; /* of unit vectors: the cosine */
      for (size_t j = 0; j < facts.embedding_size; j++)
        dot += vectors[j] * vectors[(1 + i) * facts.embedding_size + j];
      if (dot > highest) highest = dot, nearest = i;
    }
    printf("%s\n", argv[3 + nearest]);
  } else {
    fprintf(stderr, "%s\n", error.message);
  }
  int status = error.status == LMQ_OK ? 0 : 1;
  free(vectors);
  free((void *)image.pixels);
  lmq_session_close(session);
  lmq_model_close(model);
  return status;
}
