/* limequat.h: run sparse mixture-of-experts encoders of images and texts from C.
 *
 * This header is the whole public C interface. A name that is not here is not API, and the library
 * exports nothing else. It is C99 and C++11, and needs a 64-bit little-endian machine.
 *
 *     lmq_model *model; lmq_session *session; lmq_error error; float vector[64];
 *     const char *text = "a photo of a seven";
 *     if (lmq_model_open("digits.lmq", NULL, &model, &error) == LMQ_OK &&
 *         lmq_session_open(model, NULL, &session, &error) == LMQ_OK)
 *       lmq_session_embed_texts(session, &text, NULL, 1, vector, 64, &error);
 *
 * Ownership   What is written through an `out_` parameter of a handle type belongs to the caller, who ends it
 *             with the one `_close` function of its type. Every `_close` accepts NULL. A `const char *` that
 *             is written to the caller is borrowed from the first argument and dies with it. All other memory
 *             is the caller's, is looked at only during the call, and may be freed afterwards; the one
 *             exception is lmq_model_open_memory.
 * Errors      A function that can fail answers lmq_status; LMQ_OK is 0. Nothing here prints, aborts, exits or
 *             throws, also when memory is short. On failure a handle's out parameter is NULL, other memory
 *             behind an `out_` parameter holds nothing of use, and `error`, which may be NULL, says what was
 *             expected and what was found. After a failure every handle is as good as before.
 * Handles     A closed handle, or one of the other type, is answered with LMQ_ERROR_HANDLE. Handles may be
 *             closed in any order: a session keeps what it needs of its model.
 * Threads     A model may be used by all threads at once. A session is used by one thread at a time; a second
 *             one is answered with LMQ_ERROR_BUSY. lmq_session_cancel may be called from any thread.
 * Strings     UTF-8, ended by a zero byte, unless a size is given with them.
 * Pointers    NULL is allowed where the description says so, and for arrays whose count is 0. Everything
 *             else that is NULL is LMQ_ERROR_ARGUMENT. Arrays must be aligned as their type wants it, and
 *             what is written must not overlap what is read.
 * Growth      A struct that begins with `struct_size` grows at its end: set it with the struct's _INIT macro. A
 *             library that does not know a field yet refuses it unless it is 0, and writes 0 to it. Other
 *             structs never change. New functions and new status codes may come at any time; whatever
 *             else a program could notice changes LMQ_ABI_VERSION and the name of the shared library.
 * Results     A vector has the same bits whatever the number of threads, the batch it is in and the processor.
 *             Models with a finite expert capacity are the exception for batches: there a call is one group.
 */
#ifndef LIMEQUAT_H
#define LIMEQUAT_H

#include <stddef.h>
#include <stdint.h>

#define LMQ_VERSION "0.1.0"
#define LMQ_ABI_VERSION 1

/* Most dims that a tensor has. */
#define LMQ_MAXIMUM_RANK 8

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Versions ------------------------------------------------------------------------------------------ */

/* Those of the library that is running; LMQ_VERSION and LMQ_ABI_VERSION are those of this header. */
const char *lmq_version(void);
uint32_t lmq_abi_version(void);

/* ---- Errors -------------------------------------------------------------------------------------------- */

typedef enum lmq_status {
  LMQ_OK = 0,

  /* The call. */
  LMQ_ERROR_ARGUMENT = 10,    /* NULL, misaligned or overlapping memory, an unknown enum value or struct_size */
  LMQ_ERROR_HANDLE = 11,      /* closed, or of another type */
  LMQ_ERROR_BUSY = 12,        /* the session is in use by another thread */
  LMQ_ERROR_UNSUPPORTED = 13, /* this model or this library does not do that */
  LMQ_ERROR_CANCELLED = 14,   /* lmq_session_cancel */

  /* What the call brings. */
  LMQ_ERROR_NOT_FOUND = 20, /* no signature, tensor or key of that name or index */
  LMQ_ERROR_TYPE = 21,      /* another element type */
  LMQ_ERROR_SHAPE = 22,     /* another rank, other dims, another size */
  LMQ_ERROR_VALUE = 23,     /* a token id, text, label or template that cannot be used */

  /* The file. */
  LMQ_ERROR_FORMAT = 30,   /* no Limequat model, or one that breaks a rule of the format */
  LMQ_ERROR_VERSION = 31,  /* it needs a newer library */
  LMQ_ERROR_CHECKSUM = 32, /* its bytes are damaged */

  /* The system. */
  LMQ_ERROR_IO = 40,     /* opening, reading or mapping failed: see lmq_error.system_error */
  LMQ_ERROR_MEMORY = 41, /* the system refused memory */
  LMQ_ERROR_THREAD = 42, /* the system refused a thread */

  LMQ_ERROR_INTERNAL = 90, /* a fault of the library */

  LMQ_STATUS_MAXIMUM = 0x7fffffff /* never answered: makes the type 32 bits wide */
} lmq_status;

/* Owned by the caller; needs no initialising. After a success: LMQ_OK, 0, "". */
typedef struct lmq_error {
  lmq_status status;
  int32_t system_error; /* errno behind LMQ_ERROR_IO and LMQ_ERROR_THREAD, else 0 */
  char message[504];    /* one sentence without a line break, ended by a zero byte */
} lmq_error;

/* The name of the constant, such as "LMQ_ERROR_SHAPE"; "LMQ_UNKNOWN" for other numbers. Never NULL. */
const char *lmq_status_name(lmq_status status);

/* ---- Models -------------------------------------------------------------------------------------------- */

typedef struct lmq_model lmq_model;

/* When the bytes of weights are compared with their checksums. Header and manifest always are. */
typedef enum lmq_verify {
  LMQ_VERIFY_DEFAULT = 0, /* each expert and each tensor when it is first used; what failed stays failed */
  LMQ_VERIFY_OPEN = 1,    /* the whole file, by every rule of the format, while it is opened */
  LMQ_VERIFY_NEVER = 2,
  LMQ_VERIFY_MAXIMUM = 0x7fffffff
} lmq_verify;

/* How weights come into memory. A model from memory is used in place, whatever is set here. */
typedef enum lmq_holding {
  /* The file is mapped, and weights are used where they lie; other processes share them. Nobody may shorten or
   * change the file meanwhile: a page that is gone ends the process with SIGBUS. With a memory_budget nothing is
   * mapped: experts are read when they are wanted and dropped for others, all other weights are read when they
   * are first used, and stay. A file that is shorter by then is LMQ_ERROR_IO. */
  LMQ_HOLDING_DEFAULT = 0,
  /* Nothing is mapped: what is used is read once and stays; experts are locked in memory where the system
   * allows that. Not with a memory_budget. */
  LMQ_HOLDING_RESIDENT = 1,
  LMQ_HOLDING_MAXIMUM = 0x7fffffff
} lmq_holding;

typedef struct lmq_options {
  size_t struct_size;
  uint32_t threads;       /* that work on a call, the caller's among them; 0: as many as processors */
  lmq_verify verify;
  uint64_t memory_budget; /* bytes that the experts of all sessions may hold together; 0: no bound. Less than the
                             largest expert takes is LMQ_ERROR_ARGUMENT, whose message says how much that is */
  const char *kernels;    /* the kernel table by name, for tests; NULL: the fastest that runs here */
  lmq_holding holding;
  uint32_t reserved;      /* 0 */
} lmq_options;
#define LMQ_OPTIONS_INIT { sizeof(lmq_options), 0, LMQ_VERIFY_DEFAULT, 0, NULL, LMQ_HOLDING_DEFAULT, 0 }

/* Opens a .lmq file. No weight is read. `options` may be NULL. */
lmq_status lmq_model_open(const char *path, const lmq_options *options, lmq_model **out_model,
                          lmq_error *error);

/* The same from an open file, from its beginning whatever its position. The descriptor stays the caller's,
 * who may close it after the call. */
lmq_status lmq_model_open_descriptor(int descriptor, const lmq_options *options, lmq_model **out_model,
                                     lmq_error *error);

/* The same from memory, which is used where it is: aligned to 64 bytes, unchanged and alive until the model
 * and all its sessions are closed. */
lmq_status lmq_model_open_memory(const void *bytes, size_t size, const lmq_options *options,
                                 lmq_model **out_model, lmq_error *error);

void lmq_model_close(lmq_model *model);

typedef struct lmq_model_facts {
  size_t struct_size;
  size_t signature_count;
  size_t embedding_size; /* floats of an embedding; 0: the model gives none */
  size_t token_count;    /* ids that lmq_session_tokenize gives for a text; 0: the model has no tokenizer */
  size_t metadata_count;
  uint64_t file_size;    /* bytes */
  uint32_t format_major; /* of the file */
  uint32_t format_minor;
  uint32_t threads;      /* those in use */
  int32_t has_logit_scale;
  float logit_scale;   /* natural log of the similarity multiplier */
  const char *kernels; /* the name of the kernel table in use */
} lmq_model_facts;
#define LMQ_MODEL_FACTS_INIT { sizeof(lmq_model_facts), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, NULL }

lmq_status lmq_model_describe(const lmq_model *model, lmq_model_facts *out_facts, lmq_error *error);

/* A named entry of a model, such as "image", "text" or "logits". */
typedef struct lmq_signature_facts {
  size_t struct_size;
  const char *name;
  const char *modality; /* "image", "text" or another word */
  size_t input_count;
  size_t output_count;
  size_t image_height; /* of the image that preprocessing makes; 0: the signature takes no pixels */
  size_t image_width;
  int32_t has_tokenizer; /* the signature takes texts */
  int32_t reserved;      /* 0 */
} lmq_signature_facts;
#define LMQ_SIGNATURE_FACTS_INIT { sizeof(lmq_signature_facts), NULL, NULL, 0, 0, 0, 0, 0, 0 }

/* Signatures are numbered from 0 to signature_count - 1, in ascending order of their names. */
lmq_status lmq_model_find_signature(const lmq_model *model, const char *name, size_t *out_index,
                                    lmq_error *error);
lmq_status lmq_model_describe_signature(const lmq_model *model, size_t index,
                                        lmq_signature_facts *out_facts, lmq_error *error);

/* Element types of inputs and outputs. */
typedef enum lmq_type {
  LMQ_TYPE_F32 = 1,
  LMQ_TYPE_U8 = 5,
  LMQ_TYPE_I32 = 6,
  LMQ_TYPE_I64 = 7,
  LMQ_TYPE_BOOL = 8, /* one byte, 0 or 1 */
  LMQ_TYPE_MAXIMUM = 0x7fffffff
} lmq_type;

/* An input or an output as the model declares it. */
typedef struct lmq_tensor_facts {
  size_t struct_size;
  const char *name;
  lmq_type type;
  uint32_t rank;
  int64_t dims[LMQ_MAXIMUM_RANK]; /* -1: free, the caller's choice in each call; unused ones are 0 */
  int32_t is_optional;            /* an input that the library can derive from the others */
  int32_t reserved;               /* 0 */
} lmq_tensor_facts;
#define LMQ_TENSOR_FACTS_INIT \
  { sizeof(lmq_tensor_facts), NULL, LMQ_TYPE_F32, 0, { 0, 0, 0, 0, 0, 0, 0, 0 }, 0, 0 }

lmq_status lmq_model_describe_input(const lmq_model *model, size_t signature, size_t index,
                                    lmq_tensor_facts *out_facts, lmq_error *error);
lmq_status lmq_model_describe_output(const lmq_model *model, size_t signature, size_t index,
                                     lmq_tensor_facts *out_facts, lmq_error *error);

/* The model card travels with the model: licence, source, known limits. Entry `index` of metadata_count. */
lmq_status lmq_model_metadata(const lmq_model *model, size_t index, const char **out_key,
                              const char **out_value, lmq_error *error);

/* ---- Sessions ------------------------------------------------------------------------------------------ */

typedef struct lmq_session lmq_session;

typedef struct lmq_session_options {
  size_t struct_size;
  /* Long batches are cut into pieces, so that memory stays bounded. Models with a finite expert capacity are
   * not cut. */
  size_t images_at_once; /* 0: 8 */
  size_t texts_at_once;  /* 0: 32 */
} lmq_session_options;
#define LMQ_SESSION_OPTIONS_INIT { sizeof(lmq_session_options), 0, 0 }

/* The state of one thread of work. `options` may be NULL. */
lmq_status lmq_session_open(const lmq_model *model, const lmq_session_options *options,
                            lmq_session **out_session, lmq_error *error);

/* A call under way in another thread goes on to its end. */
void lmq_session_close(lmq_session *session);

/* While `cancelled` is not 0, calls of the session that compute, the one under way among them, answer
 * LMQ_ERROR_CANCELLED as soon as they see it. 0 makes the session usable again. */
void lmq_session_cancel(lmq_session *session, int cancelled);

/* 8-bit RGB, rows from top to bottom, three bytes a pixel. Decoding image files is the caller's matter. */
typedef struct lmq_image {
  const uint8_t *pixels;
  size_t width, height;
  size_t stride; /* bytes from one row to the next; 0: 3 * width */
} lmq_image;

/* Unit vectors of images, by the signature "image": out_vectors[count][embedding_size]. Images may have any
 * size, each its own. `vector_floats` is the room behind out_vectors: count * embedding_size. */
lmq_status lmq_session_embed_images(lmq_session *session, const lmq_image *images, size_t count,
                                    float *out_vectors, size_t vector_floats, lmq_error *error);

/* Unit vectors of texts, by the signature "text": out_vectors[count][embedding_size]. `sizes` has the bytes of
 * each text; NULL: all end with a zero byte. */
lmq_status lmq_session_embed_texts(lmq_session *session, const char *const *texts, const size_t *sizes,
                                   size_t count, float *out_vectors, size_t vector_floats, lmq_error *error);

/* The ids that the signature "text" sees: out_ids[count][token_count], padded. */
lmq_status lmq_session_tokenize(lmq_session *session, const char *const *texts, const size_t *sizes,
                                size_t count, int32_t *out_ids, size_t id_count, lmq_error *error);

/* What the first input of a signature sees of images: resized, cropped and normalised,
 * out_pixels[count][image_height][image_width][3]. */
lmq_status lmq_session_preprocess(lmq_session *session, const char *signature, const lmq_image *images,
                                  size_t count, float *out_pixels, size_t pixel_floats, lmq_error *error);

/* ---- Zero-shot classification -------------------------------------------------------------------------- */

/* One unit vector for each label: out_vectors[label_count][embedding_size]. Every "{}" of a template is
 * replaced by the label; each template must have one. The prompts of a label are embedded, and their mean is
 * normalised. No templates: the label itself. */
lmq_status lmq_session_embed_labels(lmq_session *session, const char *const *labels, size_t label_count,
                                    const char *const *templates, size_t template_count, float *out_vectors,
                                    size_t vector_floats, lmq_error *error);

/* The probability of each label for each image: out_scores[image_count][label_count], each row a softmax over
 * the labels of exp(logit_scale) * dot(image, label). */
lmq_status lmq_session_score(lmq_session *session, const float *image_vectors, size_t image_count,
                             const float *label_vectors, size_t label_count, float *out_scores,
                             size_t score_count, lmq_error *error);

/* The two above on images, in one call. */
lmq_status lmq_session_classify(lmq_session *session, const lmq_image *images, size_t image_count,
                                const char *const *labels, size_t label_count, const char *const *templates,
                                size_t template_count, float *out_scores, size_t score_count,
                                lmq_error *error);

/* ---- Running a signature on tensors -------------------------------------------------------------------- */

typedef struct lmq_input {
  const char *name;
  lmq_type type;
  uint32_t rank;
  int64_t dims[LMQ_MAXIMUM_RANK];
  const void *data; /* row-major */
  size_t size;      /* bytes behind data: those of type and dims */
} lmq_input;

typedef struct lmq_output {
  const char *name; /* set by the caller, as is: */
  void *data;
  size_t size;   /* bytes of room; becomes the bytes that the tensor takes */
  lmq_type type; /* written by the call, as are: */
  uint32_t rank;
  int64_t dims[LMQ_MAXIMUM_RANK];
} lmq_output;

/* Writes type, rank, dims and size of each output for inputs of these types and dims. Looks at no data:
 * every `data` may be NULL. */
lmq_status lmq_session_plan(lmq_session *session, const char *signature, const lmq_input *inputs,
                            size_t input_count, lmq_output *outputs, size_t output_count, lmq_error *error);

/* Runs the signature once, on the whole batch, and writes the outputs that are asked for. Inputs come in any
 * order, each once; an optional one may be left out. i64 is accepted where the model declares i32. */
lmq_status lmq_session_run(lmq_session *session, const char *signature, const lmq_input *inputs,
                           size_t input_count, lmq_output *outputs, size_t output_count, lmq_error *error);

#ifdef __cplusplus
}
#endif
#endif
