// libpng's simplified interface would convert gamma, which no training pipeline does; hence the full one.

#include "internal.h"

#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  const unsigned char *next;
  size_t remaining;
  char *message;
} source;

static void read_bytes(png_structp png, png_bytep out, size_t count) {
  source *from = png_get_io_ptr(png);
  if (count > from->remaining) png_error(png, "the file ends too early");
  memcpy(out, from->next, count);
  from->next += count;
  from->remaining -= count;
}

static void on_error(png_structp png, png_const_charp text) {
  source *from = png_get_error_ptr(png);
  snprintf(from->message, IMAGE_MESSAGE_SIZE, "PNG: %s", text);
  png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp text) { (void)png, (void)text; }

image_status image_decode_png(const unsigned char *bytes, size_t size, image_pixels *out, char *message) {
  source from = {bytes, size, message};
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &from, on_error, on_warning);
  png_infop info = png ? png_create_info_struct(png) : NULL;
  // Both are set between setjmp and a longjmp, hence volatile.
  volatile image_status status = IMAGE_BAD;
  png_bytep *volatile rows = NULL;
  if (!info) {
    png_destroy_read_struct(&png, NULL, NULL);
    return IMAGE_OUT_OF_MEMORY;
  }
  if (setjmp(png_jmpbuf(png)) == 0) {
    png_set_read_fn(png, &from, read_bytes);
    png_set_user_limits(png, 65535, 65535);
    png_set_chunk_malloc_max(png, 8 << 20);
    png_read_info(png, info);
    png_set_expand(png);
    png_set_strip_16(png);
    png_set_strip_alpha(png);
    png_set_gray_to_rgb(png);
    png_set_interlace_handling(png);
    png_read_update_info(png, info);
    uint32_t width = png_get_image_width(png, info), height = png_get_image_height(png, info);
    status = image_pixels_make(width, height, out);
    if (status == IMAGE_OK) {
      rows = malloc(height * sizeof *rows);
      if (!rows) {
        status = IMAGE_OUT_OF_MEMORY;
      } else if (png_get_rowbytes(png, info) != (size_t)width * 3) {
        status = IMAGE_BAD;
        snprintf(message, IMAGE_MESSAGE_SIZE, "PNG: a row does not come out as RGB");
      } else {
        for (uint32_t y = 0; y < height; y++) rows[y] = out->rgb + (size_t)y * width * 3;
        png_read_image(png, rows);
        png_read_end(png, NULL);
      }
    }
  } else {
    status = IMAGE_BAD;
  }
  free(rows);
  png_destroy_read_struct(&png, &info, NULL);
  return status;
}
