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
 *             that the call writes to holds nothing of use, and `error`, which may be NULL, says what was
 *             expected and what was found. After a failure every handle is as good as before.
 * Handles     A closed handle, or one of the other type, is answered with LMQ_ERROR_HANDLE. Handles may be
 *             closed in any order: a session keeps what it needs of its model.
 * Threads     A model may be used by all threads at once. A session is used by one thread at a time; a second
 *             one is answered with LMQ_ERROR_BUSY. lmq_session_cancel may be called from any thread. The threads
 *             that a model starts for its work begin with the first call that computes. A call needs 128 KB of
 *             its thread's stack.
 * Callbacks   Loggers and progress functions are called on the thread that is in a call, never on one that the
 *             library started, and not after that call has ended. They return; they neither throw nor jump.
 *             They may call the library; the session whose call they are in is busy.
 * Fork        A child of fork() describes and closes the models and sessions that it inherits; what needs
 *             their threads or computes answers LMQ_ERROR_FORKED, whatever the number of threads. It opens the file
 *             again, which copies nothing where the file is mapped: all processes share its pages.
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
  LMQ_ERROR_CANCELLED = 14,   /* lmq_session_cancel, or lmq_session_options.progress */
  LMQ_ERROR_FORKED = 15,      /* the model was opened before fork(), by a parent of this process */

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
  LMQ_VERIFY_DEFAULT = 0, /* each expert and each tensor when it is first used, and an expert whenever it is read
                             again; a table whole before its first row is read. What failed stays failed */
  LMQ_VERIFY_OPEN = 1,    /* the whole file, by every rule of the format, while it is opened; with a memory_budget
                             or resident also what is read later */
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
  /* Nothing is mapped: what is used is read once and stays, locked in memory and in large pages where the system
   * allows that; of tables, calls read their rows. Not with a memory_budget. */
  LMQ_HOLDING_RESIDENT = 1,
  LMQ_HOLDING_MAXIMUM = 0x7fffffff
} lmq_holding;

/* How much a message matters. */
typedef enum lmq_log_level {
  LMQ_LOG_ERROR = 1,   /* beside the call that fails: damaged weights */
  LMQ_LOG_WARNING = 2, /* things go on, but not as asked for: the system refused a thread, or to lock */
  LMQ_LOG_INFORMATION = 3,
  LMQ_LOG_MAXIMUM = 0x7fffffff
} lmq_log_level;

/* Hears what goes on beside results and errors: one sentence, valid during the call. May be called by several
 * threads at once when calls run at once. */
typedef void (*lmq_logger)(void *user, lmq_log_level level, const char *message);

typedef struct lmq_options {
  size_t struct_size;
  uint32_t threads;       /* that work on a call, the caller's among them; 0: as many as processors; 1 starts none.
                             With a memory_budget or resident and more than 1, one more reads ahead */
  lmq_verify verify;
  uint64_t memory_budget; /* bytes that the experts of all sessions may hold together; 0: no bound. Less than the
                             largest expert takes is LMQ_ERROR_ARGUMENT, whose message says how much that is */
  const char *kernels;    /* the kernel table by name, for tests; NULL: the fastest that runs here */
  lmq_holding holding;
  uint32_t reserved;      /* 0 */
  lmq_logger logger;      /* of the model and its sessions; NULL: none */
  void *logger_user;      /* handed to the logger */
} lmq_options;
#define LMQ_OPTIONS_INIT { sizeof(lmq_options), 0, LMQ_VERIFY_DEFAULT, 0, NULL, LMQ_HOLDING_DEFAULT, 0, NULL, NULL }

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
  uint32_t threads;      /* that work on a call, fewer if the system refuses them */
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

/* Hears how far a call is, between operators. Any answer but 0 ends the call with LMQ_ERROR_CANCELLED. Both numbers are thousandths of an item (an image, a text, a prompt of a label; a run is
 * one): `total` stays the same within a call, `done` grows up to it. */
typedef int (*lmq_progress)(void *user, uint64_t done, uint64_t total);

typedef struct lmq_session_options {
  size_t struct_size;
  /* Long batches are cut into pieces, so that memory stays bounded. Models with a finite expert capacity are
   * not cut. */
  size_t images_at_once; /* 0: 8 */
  size_t texts_at_once;  /* 0: 32 */
  lmq_progress progress; /* NULL: none */
  void *progress_user;   /* handed to it */
  int32_t trace_routing; /* not 0: runs keep who was routed where, for lmq_session_read_routing */
  int32_t reserved;      /* 0 */
} lmq_session_options;
#define LMQ_SESSION_OPTIONS_INIT { sizeof(lmq_session_options), 0, 0, NULL, NULL, 0, 0 }

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
 * the labels of exp(logit_scale) * dot(image, label), the factor being held within f32. */
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

/* ---- What runs did and hold ---------------------------------------------------------------------------- */

/* The routing of one MoE layer in the last run. Arrays have token_count rows of experts_per_token. */
typedef struct lmq_routing {
  size_t struct_size;
  size_t layer_count;       /* of the run */
  const char *node;         /* the layer's name in the graph */
  const char *bank;         /* that of its experts in the file */
  size_t token_count;       /* of the run, items one after the other */
  size_t tokens_per_item;
  size_t expert_count;
  size_t experts_per_token;
  size_t group_size;        /* tokens that share the capacity of experts */
  size_t capacity;          /* tokens of a group that an expert takes; 0: all */
  const int32_t *experts;   /* that each token chose, best first */
  const float *gates;       /* their weights in the sum */
  const uint8_t *kept;      /* 1: the expert had room; 0: the choice was dropped */
} lmq_routing;
#define LMQ_ROUTING_INIT { sizeof(lmq_routing), 0, NULL, NULL, 0, 0, 0, 0, 0, 0, NULL, NULL, NULL }

/* Layer `layer` of layer_count, in the order of evaluation. LMQ_ERROR_NOT_FOUND above that, after a call that
 * failed, and without trace_routing. A batch that is cut into pieces has a run for each, of which the last one
 * is told: see images_at_once. The arrays are valid until the session's next call or its end. */
lmq_status lmq_session_read_routing(lmq_session *session, size_t layer, lmq_routing *out_routing,
                               lmq_error *error);

typedef struct lmq_session_counters {
  size_t struct_size;
  uint64_t runs;             /* evaluations of a graph that succeeded: one for each piece of a batch */
  uint64_t routed_tokens;    /* in those, counted for each MoE layer */
  uint64_t plans_made;       /* one for each combination of input dims that was not held */
  uint64_t plans_held;       /* their number is bounded */
  uint64_t arena_bytes;      /* memory between operators */
  uint64_t peak_arena_bytes; /* the most that there ever was of it */
  uint64_t hits;             /* experts of a layer that were in memory, or on their way, when a run came to it;
                                0 if mapped */
  uint64_t misses;           /* and those that had to be read */
  uint64_t bytes_read;       /* of experts that the session read */
  uint64_t wait_nanoseconds; /* for which runs stood still for reads */
} lmq_session_counters;
#define LMQ_SESSION_COUNTERS_INIT { sizeof(lmq_session_counters), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }

lmq_status lmq_session_read_counters(lmq_session *session, lmq_session_counters *out_counters, lmq_error *error);

/* Of all sessions together. In a mapped file weights are the system's matter, and all are 0. */
typedef struct lmq_model_counters {
  size_t struct_size;
  uint64_t hits;              /* as in lmq_session_counters */
  uint64_t misses;
  uint64_t bytes_read;
  uint64_t wait_nanoseconds;
  uint64_t expert_bytes;      /* of experts that are held now */
  uint64_t peak_expert_bytes; /* the most that there ever was of them */
  uint64_t tensor_bytes;      /* of all other weights that are held */
  uint64_t tensor_bytes_read; /* and of what was read of them */
} lmq_model_counters;
#define LMQ_MODEL_COUNTERS_INIT { sizeof(lmq_model_counters), 0, 0, 0, 0, 0, 0, 0, 0 }

lmq_status lmq_model_read_counters(const lmq_model *model, lmq_model_counters *out_counters, lmq_error *error);

/* Gives back to the system what is held between calls: plans, memory between operators, the routing of the last
 * run, and the experts that the model holds under a budget while nobody uses them. The next call makes or reads
 * them anew. Memory between operators beyond 64 MiB goes back after each run by itself. */
lmq_status lmq_session_trim(lmq_session *session, lmq_error *error);

#ifdef __cplusplus
}
#endif
#endif
