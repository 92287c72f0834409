#include "internal.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <jpeglib.h>

#include <jerror.h>

typedef struct {
  struct jpeg_error_mgr base;
  jmp_buf escape;
  char *message;
} error_manager;

static void on_error(j_common_ptr jpeg) {
  error_manager *errors = (error_manager *)jpeg->err;
  char text[JMSG_LENGTH_MAX];
  jpeg->err->format_message(jpeg, text);
  snprintf(errors->message, IMAGE_MESSAGE_SIZE, "JPEG: %.180s", text);
  longjmp(errors->escape, 1);
}

// A damaged stream only warns and leaves grey areas: a wrong vector with no sign of it. Refuse it. Harmless
// oddities, such as extra bytes between segments, pass as they do elsewhere.
static void on_message(j_common_ptr jpeg, int level) {
  if (level >= 0) return;
  switch (jpeg->err->msg_code) {
    case JWRN_JPEG_EOF:
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_ARITH_BAD_CODE:
    case JWRN_MUST_RESYNC: on_error(jpeg);
  }
}

/// CMYK as Adobe's programs store it, inverted. Pillow computes the same.
static void rgb_from_cmyk(const unsigned char *cmyk, unsigned char *rgb, size_t count) {
  for (size_t i = 0; i < count; i++) {
    unsigned k = cmyk[4 * i + 3];
    for (int c = 0; c < 3; c++) {
      unsigned product = (255u - cmyk[4 * i + c]) * k + 128;
      rgb[3 * i + c] = (unsigned char)(k - (((product >> 8) + product) >> 8));
    }
  }
}

image_status image_decode_jpeg(const unsigned char *bytes, size_t size, image_pixels *out, char *message) {
  struct jpeg_decompress_struct jpeg;
  error_manager errors;
  // Set between setjmp and a longjmp, hence volatile.
  volatile image_status status = IMAGE_BAD;
  unsigned char *volatile line = NULL;
  jpeg.err = jpeg_std_error(&errors.base);
  errors.base.error_exit = on_error;
  errors.base.emit_message = on_message;
  errors.message = message;
  if (setjmp(errors.escape) == 0) {
    jpeg_create_decompress(&jpeg);
    jpeg_mem_src(&jpeg, bytes, size);
    jpeg_read_header(&jpeg, TRUE);
    jpeg.mem->max_memory_to_use = 512L << 20;
    int is_cmyk = jpeg.jpeg_color_space == JCS_CMYK || jpeg.jpeg_color_space == JCS_YCCK;
    jpeg.out_color_space = is_cmyk ? JCS_CMYK : JCS_RGB;
    status = image_pixels_make(jpeg.image_width, jpeg.image_height, out);
    if (status == IMAGE_OK) {
      jpeg_start_decompress(&jpeg);
      if (is_cmyk && !(line = malloc((size_t)out->width * 4))) status = IMAGE_OUT_OF_MEMORY;
      while (status == IMAGE_OK && jpeg.output_scanline < out->height) {
        unsigned char *rgb = out->rgb + (size_t)jpeg.output_scanline * out->width * 3;
        JSAMPROW row = is_cmyk ? line : rgb;
        jpeg_read_scanlines(&jpeg, &row, 1);
        if (is_cmyk) rgb_from_cmyk(line, rgb, out->width);
      }
      if (status == IMAGE_OK) jpeg_finish_decompress(&jpeg);
    }
  } else {
    status = IMAGE_BAD;
  }
  free(line);
  jpeg_destroy_decompress(&jpeg);
  return status;
}
