/* pnm.h: reads binary PPM (P6) and PGM (P5) files into 8-bit RGB. Decoding images is the program's matter, not
 * Limequat's: these two formats need no library. */
#ifndef PNM_H
#define PNM_H
#include <limequat.h>
#include <stdio.h>
#include <stdlib.h>

/* The next number of the header, or -1. White space and comments come before it. */
static int pnm_number(FILE *file) {
  int c = getc(file), number = -1;
  while (c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '#') {
    if (c == '#')
      while (c != '\n' && c != EOF) c = getc(file);
    c = getc(file);
  }
  for (; c >= '0' && c <= '9' && number < 100000; c = getc(file)) number = (number < 0 ? 0 : 10 * number) + (c - '0');
  return number;
}

/* An image whose pixels the caller frees; pixels is NULL when the file is no such image. */
static lmq_image pnm_read(const char *path) {
  lmq_image image = {NULL, 0, 0, 0};
  FILE *file = fopen(path, "rb");
  if (!file) return image;
  int p = getc(file), kind = getc(file), channels = kind == '6' ? 3 : 1;
  int width = pnm_number(file), height = pnm_number(file), maximum = pnm_number(file);
  if (p == 'P' && (kind == '5' || kind == '6') && width > 0 && height > 0 && width <= 16384 && height <= 16384 &&
      maximum > 0 && maximum <= 255) {
    size_t count = (size_t)width * (size_t)height;
    uint8_t *pixels = (uint8_t *)malloc(3 * count);
    uint8_t *read = pixels ? pixels + (size_t)(3 - channels) * count : NULL; /* gray: to the end, then spread */
    if (read && fread(read, (size_t)channels, count, file) == count) {
      for (size_t i = 0; i < count; i++)
        for (int c = 0; c < 3; c++)
          pixels[3 * i + (size_t)c] = (uint8_t)(read[channels == 3 ? 3 * i + (size_t)c : i] * 255 / maximum);
      image.pixels = pixels;
      image.width = (size_t)width;
      image.height = (size_t)height;
    } else {
      free(pixels);
    }
  }
  fclose(file);
  return image;
}
#endif
