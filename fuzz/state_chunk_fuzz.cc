#include <xxhash.h>

#include <string>
#include <vector>

#include "base/binary_format.h"
#include "score/scorer.h"

/// Bytes as a chunk of the scoring state, once as they are and once with a digest that fits; what is taken must be usable.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::vector<std::string> topics{"http.requests"};
  std::string bytes(reinterpret_cast<const char*>(data), size);
  weir::ScoreOptions options;
  options.clients_max = 64;
  for (int i = 0; i < 2; ++i) {
    weir::Scorer scorer(options, topics);
    scorer.begin_restore();
    if (scorer.load(0, bytes)) {
      std::vector<weir::Alert> alerts;
      std::string again;
      scorer.save(0, again);
      weir::Observation observation;
      for (int64_t k = 0; k < 100; ++k) {
        observation.client_hash = static_cast<uint64_t>(k);
        observation.at.offset = k;
        scorer.observe({&observation, 1}, alerts);
      }
      scorer.finish(alerts);
    }
    weir::BinaryWriter(bytes).fixed64(XXH3_64bits(bytes.data(), bytes.size()));
  }
  return 0;
}
