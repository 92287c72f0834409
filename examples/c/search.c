/* search MODEL FOLDER: embeds the PPM and PGM images of a folder, then answers each line of standard input, a
 * text, with the three nearest images: cosine and file, the nearest first, an empty line at the end.
 *
 *     cc search.c -o search $(pkg-config --cflags --libs limequat)
 *     echo "a photo of the digit seven" | ./search digits.lmq images
 */
#define _POSIX_C_SOURCE 200809L
#include "pnm.h"
#include <dirent.h>
#include <string.h>
#include <sys/types.h>

enum { ANSWERS = 3 };

/* A vector for each path. */
typedef struct {
  char **paths;
  float *vectors;
  size_t count, width;
} Index;

static void *grow(void *memory, size_t size) {
  void *grown = realloc(memory, size);
  if (!grown) fprintf(stderr, "out of memory\n"), exit(1);
  return grown;
}

/* Images that cannot be embedded are named and left out. */
static void add(Index *index, lmq_session *session, const char *folder, const char *name) {
  lmq_error error;
  size_t size = strlen(folder) + strlen(name) + 2;
  char *path = grow(NULL, size);
  snprintf(path, size, "%s/%s", folder, name);
  index->paths = grow(index->paths, (index->count + 1) * sizeof *index->paths);
  index->vectors = grow(index->vectors, (index->count + 1) * index->width * sizeof *index->vectors);
  lmq_image image = pnm_read(path);
  if (image.pixels && lmq_session_embed_images(session, &image, 1, index->vectors + index->count * index->width,
                                               index->width, &error) == LMQ_OK) {
    index->paths[index->count++] = path;
  } else {
    fprintf(stderr, "%s: %s\n", path, image.pixels ? error.message : "cannot be read as a binary PPM or PGM image");
    free(path);
  }
  free((void *)image.pixels);
}

static void answer(const Index *index, const float *query) {
  size_t best[ANSWERS + 1], found = 0;
  float cosines[ANSWERS + 1];
  for (size_t i = 0; i < index->count; i++) {
    float dot = 0; /* of unit vectors: the cosine */
    for (size_t j = 0; j < index->width; j++) dot += query[j] * index->vectors[i * index->width + j];
    size_t place = found < ANSWERS ? found++ : ANSWERS;
    for (; place > 0 && dot > cosines[place - 1]; place--)
      best[place] = best[place - 1], cosines[place] = cosines[place - 1];
    best[place] = i, cosines[place] = dot;
  }
  for (size_t i = 0; i < found; i++) printf("%.4f\t%s\n", (double)cosines[i], index->paths[best[i]]);
  printf("\n");
  fflush(stdout);
}

int main(int argc, char **argv) {
  if (argc != 3) return fprintf(stderr, "usage: search MODEL FOLDER\n"), 2;
  lmq_error error;
  lmq_model *model;
  lmq_session *session;
  lmq_model_facts facts = LMQ_MODEL_FACTS_INIT;
  if (lmq_model_open(argv[1], NULL, &model, &error) != LMQ_OK ||
      lmq_model_describe(model, &facts, &error) != LMQ_OK ||
      lmq_session_open(model, NULL, &session, &error) != LMQ_OK)
    return fprintf(stderr, "%s\n", error.message), 1;

  DIR *folder = opendir(argv[2]);
  if (!folder) return perror(argv[2]), 1;
  Index index = {NULL, NULL, 0, facts.embedding_size};
  for (struct dirent *entry; (entry = readdir(folder));) {
    const char *ending = strrchr(entry->d_name, '.');
    if (ending && (!strcmp(ending, ".ppm") || !strcmp(ending, ".pgm"))) add(&index, session, argv[2], entry->d_name);
  }
  closedir(folder);
  fprintf(stderr, "%zu images\n", index.count);

  float *query = grow(NULL, index.width * sizeof *query);
  char *line = NULL;
  size_t room = 0;
  for (ssize_t length; (length = getline(&line, &room, stdin)) >= 0;) {
    const char *text = line;
    size_t size = (size_t)length - (length > 0 && line[length - 1] == '\n');
    if (lmq_session_embed_texts(session, &text, &size, 1, query, index.width, &error) == LMQ_OK)
      answer(&index, query);
    else
      fprintf(stderr, "%s\n", error.message);
  }
  for (size_t i = 0; i < index.count; i++) free(index.paths[i]);
  free(index.paths);
  free(index.vectors);
  free(query);
  free(line);
  lmq_session_close(session);
  lmq_model_close(model);
  return 0;
}
