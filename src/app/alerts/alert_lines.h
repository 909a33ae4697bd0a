#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/input/line_reader.h"
#include "app/terminal/interruption.h"
#include "base/result.h"
#include "config/config.h"
#include "kafka/topic_reader.h"

namespace weir {

/// Where alerts are read from: a file or standard input with one a line, or a topic. One thread.
class AlertLines {
 public:
  enum class Start : uint8_t { kBeginning, kEnd };
  enum class End : uint8_t {
    kWhatIsThere,  ///< of a topic what it held when it was opened
    kNever,        ///< waits for more until interrupted; of a file, too
  };

  /// `file` is a path, "-", or empty for the topic that `config` names. Blocks up to 10 s on the brokers.
  static Result<AlertLines> open(const Config& config, const std::string& file, const std::string& topic, Start start,
                                 End end);

  /// The next one; none at the end, or when interrupted. Blocks until then.
  Result<std::optional<std::string>> next(Interruption& interruption);

  /// Where the last one stood, for messages about it: "line 3 of alerts.ndjson".
  [[nodiscard]] const std::string& place() const { return place_; }

 private:
  Result<std::optional<std::string>> next_of_file(Interruption& interruption);
  Result<std::optional<std::string>> next_of_topic(Interruption& interruption);

  End end_ = End::kWhatIsThere;
  std::string name_, place_;
  std::unique_ptr<LineReader> file_;
  std::deque<std::string> lines_;
  int64_t line_ = 0;  ///< number of the front one
  std::unique_ptr<TopicReader> topic_;
};

}  // namespace weir
