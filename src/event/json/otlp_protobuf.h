#pragma once

#include <string>
#include <string_view>

namespace weir {

/// Whether a record may be an OTLP export of logs as protobuf (ExportLogsServiceRequest): how such a message begins, and no text does.
inline bool may_be_otlp_protobuf(std::string_view record) {
  return record.size() > 2 && record[0] == '\x0a' && record.find_first_not_of(" \t\r\n", 1) != std::string_view::npos;
}

/// Writes the export as the same export in JSON (opentelemetry/proto/logs/v1, as far as requests are concerned: times, body and
/// attributes). False if the bytes are no such message; values nested deeper than `depth_max` are left out. `json` is reused; it grows
/// to some seven times the record at most.
bool otlp_as_json(std::string_view record, size_t depth_max, std::string& json);

}  // namespace weir
