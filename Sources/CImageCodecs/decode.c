#include "internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

image_status image_decode(const unsigned char *bytes, size_t size, image_pixels *out, char *message) {
  static const unsigned char png[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
  memset(out, 0, sizeof *out);
  message[0] = 0;
  image_status status = IMAGE_UNKNOWN_KIND;
  if (size >= 8 && memcmp(bytes, png, 8) == 0) status = image_decode_png(bytes, size, out, message);
  if (size >= 3 && bytes[0] == 0xFF && bytes[1] == 0xD8 && bytes[2] == 0xFF)
    status = image_decode_jpeg(bytes, size, out, message);
  if (status != IMAGE_OK) image_pixels_free(out);
  return status;
}

image_status image_pixels_make(uint32_t width, uint32_t height, image_pixels *out) {
  if (width == 0 || height == 0) return IMAGE_BAD;
  if ((uint64_t)width * height > IMAGE_PIXEL_LIMIT) return IMAGE_TOO_LARGE;
  out->rgb = malloc((size_t)width * height * 3);
  out->width = width;
  out->height = height;
  return out->rgb ? IMAGE_OK : IMAGE_OUT_OF_MEMORY;
}

void image_pixels_free(image_pixels *pixels) {
  free(pixels->rgb);
  memset(pixels, 0, sizeof *pixels);
}
