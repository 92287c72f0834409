// nearest MODEL TEXT OTHER...: the other text that is nearest to the first, with its cosine. Handles are owned by
// std::unique_ptr, failures are exceptions.
#include <limequat.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <vector>

struct Close {
  void operator()(lmq_model *model) const { lmq_model_close(model); }
  void operator()(lmq_session *session) const { lmq_session_close(session); }
};

template <class Function, class... Arguments> void call(Function function, Arguments... arguments) {
  lmq_error error;
  if (function(arguments..., &error) != LMQ_OK) throw std::runtime_error(error.message);
}

int main(int argc, char **argv) try {
  if (argc < 4) return std::fprintf(stderr, "usage: nearest MODEL TEXT OTHER...\n"), 2;
  lmq_model *opened = nullptr;
  call(lmq_model_open, argv[1], nullptr, &opened);
  const std::unique_ptr<lmq_model, Close> model(opened);
  lmq_session *started = nullptr;
  call(lmq_session_open, model.get(), nullptr, &started);
  const std::unique_ptr<lmq_session, Close> session(started);
  lmq_model_facts facts = LMQ_MODEL_FACTS_INIT;
  call(lmq_model_describe, model.get(), &facts);

  const std::size_t count = static_cast<std::size_t>(argc) - 2, width = facts.embedding_size;
  std::vector<float> vectors(count * width);
  call(lmq_session_embed_texts, session.get(), argv + 2, nullptr, count, vectors.data(), vectors.size());

  std::vector<float> cosines; // dots of unit vectors
  for (std::size_t i = 1; i < count; i++)
    cosines.push_back(std::inner_product(&vectors[0], &vectors[0] + width, &vectors[i * width], 0.0f));
  const auto best = std::max_element(cosines.begin(), cosines.end());
  std::printf("%s\t%.4f\n", argv[3 + (best - cosines.begin())], static_cast<double>(*best));
  return 0;
} catch (const std::exception &error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
