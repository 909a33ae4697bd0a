#include "lane/dead_letter.h"

namespace weir {

DeadLetter::DeadLetter(const InputRecord& record, std::string_view source_topic, std::string_view stage,
                       std::string_view reason, std::string_view detail)
    : record_(record),
      partition_(std::to_string(record.partition)),
      offset_(std::to_string(record.offset)),
      headers_{{{"__connect.errors.topic", source_topic},
                {"__connect.errors.partition", partition_},
                {"__connect.errors.offset", offset_},
                {"__connect.errors.stage", stage},
                {"__connect.errors.exception.class.name", reason},
                {"__connect.errors.exception.message", detail}}} {}

OutputMessage DeadLetter::message(std::string_view dead_letter_topic) const {
  return {dead_letter_topic, OutputMessage::kByKey, record_.key, record_.payload, headers_};
}

}  // namespace weir
