#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir {

/// Where a record stands, for messages and verdicts: a line of a file, or an offset of a topic's partition.
struct RecordPlace {
  std::string_view name;             ///< the file, as it was named, or the topic
  std::optional<int32_t> partition;  ///< of a topic
  int64_t number = 0;                ///< the line, from 1, or the offset

  /// "access.log:12" or "http.requests/3:12"; of a file without directories, which are the same for most and take much room.
  [[nodiscard]] std::string text() const {
    if (partition) return std::string(name) + "/" + std::to_string(*partition) + ":" + std::to_string(number);
    return std::string(name.substr(name.rfind('/') == std::string_view::npos ? 0 : name.rfind('/') + 1)) + ":" +
           std::to_string(number);
  }
};

}  // namespace weir
