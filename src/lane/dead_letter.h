#pragma once

#include <array>
#include <string>
#include <string_view>

#include "lane/output.h"
#include "lane/record_source.h"

namespace weir {

/// Header of a dead letter whose payload the broker found too large: the size of the payload that is missing.
inline constexpr const char* kPayloadTruncatedHeader = "weir.payload.truncated";

/// Why a record is here at which the process has crashed again and again (CrashJournal).
inline constexpr std::string_view kQuarantinedReason = "quarantined";

/// A record that could not be processed, in the convention of Kafka Connect: its key and bytes unchanged, and headers that
/// say where it stood, in which stage it failed and why. The text of a reason never holds bytes of the record.
class DeadLetter {
 public:
  DeadLetter(const InputRecord& record, std::string_view source_topic, std::string_view stage, std::string_view reason,
             std::string_view detail);
  DeadLetter(const DeadLetter&) = delete;
  DeadLetter& operator=(const DeadLetter&) = delete;

  /// The message for the dead-letter topic; borrows from this object and from the record.
  [[nodiscard]] OutputMessage message(std::string_view dead_letter_topic) const;

 private:
  const InputRecord& record_;
  std::string partition_, offset_;
  std::array<OutputHeader, 6> headers_;
};

}  // namespace weir
