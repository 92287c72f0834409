/* classify MODEL LABEL,LABEL,... [-t TEMPLATE]... IMAGE.ppm...: zero-shot labels, one line an image: the best
 * label, its probability, the file. A template is a prompt with {} in the label's place; each label is the mean
 * of its prompts. The labels are embedded once, the images one after the other.
 *
 *     cc classify.c -o classify $(pkg-config --cflags --libs limequat)
 */
#include "pnm.h"
#include <string.h>

static int fail(const char *what, const char *why) {
  fprintf(stderr, "%s%s%s\n", what, *what ? ": " : "", why);
  return 1;
}

int main(int argc, char **argv) {
  if (argc < 4) return fail("usage", "classify MODEL LABEL,LABEL,... [-t TEMPLATE]... IMAGE.ppm..."), 2;
  lmq_error error;
  lmq_model *model;
  lmq_session *session;
  lmq_model_facts facts = LMQ_MODEL_FACTS_INIT;

  /* The labels end where their commas were. */
  size_t label_count = 1, template_count = 0;
  for (char *c = argv[2]; *c; c++) label_count += *c == ',';
  const char **labels = malloc(label_count * sizeof *labels);
  const char **templates = malloc((size_t)argc * sizeof *templates);
  if (!labels || !templates) return fail("", "out of memory");
  label_count = 0;
  for (char *rest = argv[2]; rest;) {
    labels[label_count++] = rest;
    if ((rest = strchr(rest, ','))) *rest++ = 0;
  }
  int next = 3;
  for (; next + 1 < argc && strcmp(argv[next], "-t") == 0; next += 2) templates[template_count++] = argv[next + 1];

  if (lmq_model_open(argv[1], NULL, &model, &error) != LMQ_OK) return fail("", error.message);
  if (lmq_model_describe(model, &facts, &error) != LMQ_OK) return fail("", error.message);
  if (lmq_session_open(model, NULL, &session, &error) != LMQ_OK) return fail("", error.message);

  const size_t width = facts.embedding_size;
  float *label_vectors = malloc(label_count * width * sizeof *label_vectors);
  float *image_vector = malloc(width * sizeof *image_vector);
  float *scores = malloc(label_count * sizeof *scores);
  if (!label_vectors || !image_vector || !scores) return fail("", "out of memory");
  if (lmq_session_embed_labels(session, labels, label_count, templates, template_count, label_vectors,
                               label_count * width, &error) != LMQ_OK)
    return fail("", error.message);

  int status = 0;
  for (; next < argc; next++) {
    lmq_image image = pnm_read(argv[next]);
    if (!image.pixels) {
      status = fail(argv[next], "cannot be read as a binary PPM or PGM image");
      continue;
    }
    if (lmq_session_embed_images(session, &image, 1, image_vector, width, &error) != LMQ_OK ||
        lmq_session_score(session, image_vector, 1, label_vectors, label_count, scores, label_count, &error) !=
            LMQ_OK) {
      status = fail(argv[next], error.message);
    } else {
      size_t best = 0;
      for (size_t i = 1; i < label_count; i++)
        if (scores[i] > scores[best]) best = i;
      printf("%s\t%.4f\t%s\n", labels[best], (double)scores[best], argv[next]);
    }
    free((void *)image.pixels);
  }
  free(scores);
  free(image_vector);
  free(label_vectors);
  free(templates);
  free(labels);
  lmq_session_close(session);
  lmq_model_close(model);
  return status;
}
