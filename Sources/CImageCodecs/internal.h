#ifndef IMAGE_CODECS_INTERNAL_H
#define IMAGE_CODECS_INTERNAL_H

#include "image_codecs.h"

image_status image_decode_png(const unsigned char *bytes, size_t size, image_pixels *out, char *message);
image_status image_decode_jpeg(const unsigned char *bytes, size_t size, image_pixels *out, char *message);

/// Sets width, height and an uninitialised buffer.
image_status image_pixels_make(uint32_t width, uint32_t height, image_pixels *out);

#endif
