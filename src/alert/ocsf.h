#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "alert/alert.h"

namespace weir {

struct AlertSource {
  std::string product_version;
  std::span<const std::string> topics;  ///< names for RecordCoordinates::topic
};

/// The alert as one line of JSON: OCSF 1.5.0 Detection Finding (class 2004), profile security_control. An abuse alert also
/// holds requirement AB2's object in `unmapped`. Output is deterministic: the same alert gives the same bytes.
std::string encode_ocsf(const Alert& alert, const AlertSource& source);

/// CloudEvents attributes of the Kafka message (binary mode): ce_id, ce_source, ce_type, ce_specversion, ce_time.
std::vector<std::pair<std::string, std::string>> cloud_event_headers(const Alert& alert, const AlertSource& source);

}  // namespace weir
