/// PNG and JPEG files to 8-bit RGB, for the command line only. libpng's and libjpeg's error exits by setjmp
/// stay on the C side.
#ifndef IMAGE_CODECS_H
#define IMAGE_CODECS_H

#include <stddef.h>
#include <stdint.h>

enum { IMAGE_MESSAGE_SIZE = 200 };

/// What a decoder made of a file.
typedef struct image_pixels {
  unsigned char *rgb;  // (height, width, 3), rows without padding; free with image_pixels_free
  uint32_t width, height;
} image_pixels;

typedef enum image_status {
  IMAGE_OK = 0,
  IMAGE_UNKNOWN_KIND,   // neither PNG nor JPEG
  IMAGE_BAD,            // `message` says why
  IMAGE_TOO_LARGE,      // more than IMAGE_PIXEL_LIMIT pixels
  IMAGE_OUT_OF_MEMORY,
} image_status;

/// 2^27 pixels: 384 MiB of RGB.
enum { IMAGE_PIXEL_LIMIT = 1 << 27 };

/// Recognises the kind by the first bytes, never by the name. Colour profiles, gamma and EXIF orientation are
/// ignored and an alpha channel is dropped, as Pillow's `Image.open(f).convert("RGB")` does.
image_status image_decode(const unsigned char *bytes, size_t size, image_pixels *out,
                          char message[IMAGE_MESSAGE_SIZE]);
void image_pixels_free(image_pixels *pixels);

#endif
