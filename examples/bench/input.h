/* The input of a call, made from what the model declares. */
#ifndef BENCH_INPUT_H
#define BENCH_INPUT_H

#include <stddef.h>
#include <stdint.h>

#include "limequat.h"

/* Describes the first input of a signature for a batch: an axis that the model leaves free is the batch. Only
 * `data` is left to the caller: `size` bytes, four for each element, as pixels are f32 and ids i32. */
static lmq_status describe_input(const lmq_model *model, const char *signature, int64_t batch, lmq_input *input,
                                 lmq_error *error) {
  size_t index;
  lmq_tensor_facts facts = LMQ_TENSOR_FACTS_INIT;
  lmq_status status = lmq_model_find_signature(model, signature, &index, error);
  if (!status) status = lmq_model_describe_input(model, index, 0, &facts, error);
  if (status) return status;
  *input = (lmq_input){.name = facts.name, .type = facts.type, .rank = facts.rank, .size = 4};
  for (uint32_t axis = 0; axis < facts.rank; axis++) {
    input->dims[axis] = facts.dims[axis] < 0 ? batch : facts.dims[axis];
    input->size *= (size_t)input->dims[axis];
  }
  return LMQ_OK;
}

#endif
