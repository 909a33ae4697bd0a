#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/topic_table.h"
#include "pipeline/observation_block.h"

namespace weir {

/// Header of an observation block: what the topic numbers in it stand for, since they are those of the process that wrote it:
/// "0=http.requests,3=logs.web".
inline constexpr const char* kTopicsHeader = "weir.topics";

/// Writes the header: of all topics there are, since blocks also tell how far other topics were read. One thread.
class TopicHeaderWriter {
 public:
  explicit TopicHeaderWriter(TopicTable topics) : topics_(std::move(topics)) {}

  /// Made anew when topics have joined; valid until the next call.
  std::string_view text();

 private:
  TopicTable topics_;
  size_t written_ = 0;  ///< topics
  std::string text_;
};

/// Turns the numbers in blocks into those of this process. A block without the header keeps its numbers: an earlier version wrote
/// it, whose numbers were places in the configuration. One thread.
class TopicHeaderReader {
 public:
  explicit TopicHeaderReader(TopicTable topics) : topics_(std::move(topics)) {}

  void translate(std::string_view header, ObservationBlock& block);

 private:
  void read(std::string_view header);
  /// kNoTopic where no name was told, or there is no room for more.
  [[nodiscard]] uint16_t number_of(uint16_t theirs) const;

  TopicTable topics_;
  std::string known_;                                   ///< the header that the next two were made from
  std::vector<std::pair<uint16_t, uint16_t>> numbers_;  ///< theirs, ours
  bool is_same_ = true;                                 ///< each is the same in both
};

}  // namespace weir
