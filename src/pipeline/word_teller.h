#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "event/event.h"
#include "evidence/evidence.h"
#include "evidence/masker.h"

namespace weir {

/// Tells in words who sent a request and what it asked for (RecordWords), for those requests that may come to be counted for a burst or
/// for abuse: malicious ones, client errors, bots, and of all others each 32nd, since words cost more than all else an
/// observation says. One per lane.
class WordTeller {
 public:
  static constexpr int64_t kOneIn = 32;

  explicit WordTeller(Masker masker) : masker_(masker), agents_(kAgents), paths_(kPaths) {}

  /// Of the request at this offset.
  [[nodiscard]] static bool tells(int64_t offset, uint16_t status, bool is_bot) {
    constexpr uint16_t kTooManyRequests = 429;
    return (status >= 400 && status < 500 && status != kTooManyRequests) || is_bot || offset % kOneIn == 0;
  }

  /// A request by the hashes of its user agent and path. `account`: whose it is, of a count for the address. The packed words stand in `arena`.
  std::string_view tell(const Event& event, uint64_t agent_hash, uint64_t path_hash, std::string_view account,
                        Arena& arena);
  /// One whose text was masked for its evidence.
  std::string_view tell(const EvidenceView& evidence, std::string_view account, Arena& arena);

 private:
  /// A text that was masked and cut before, in the place that its hash names: most requests have the user agent of others, and
  /// clients that look for what is not there look for the same.
  struct Known {
    uint64_t hash = 0;
    std::string text;
  };
  /// A site has more paths than its clients have programs. At most 1 MiB with all of them as long as they can be.
  static constexpr size_t kAgents = 2048, kPaths = 4096;

  std::string_view pack(std::string_view agent, std::string_view path, std::string_view account, Arena& arena);

  Masker masker_;
  std::vector<Known> agents_, paths_;
  std::string packed_;
};

}  // namespace weir
