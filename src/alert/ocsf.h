#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "alert/alert_encoder.h"
#include "base/topic_table.h"

namespace weir {

struct AlertSource {
  std::string product_version;
  TopicTable topics;       ///< names for RecordCoordinates::topic, and their sources
  std::string instance{};  ///< name of the process that says it; may be empty
};

/// The alert as one line of JSON: OCSF 1.5.0 Detection Finding (class 2004), profile security_control. An abuse alert also
/// holds requirement AB2's object in `unmapped`. Output is deterministic: the same alert gives the same bytes.
std::string encode_ocsf(const Alert& alert, const AlertSource& source);

/// CloudEvents attributes of the Kafka message (binary mode): ce_id, ce_source, ce_type, ce_specversion, ce_time.
std::vector<std::pair<std::string, std::string>> cloud_event_headers(const Alert& alert, const AlertSource& source);

/// Both, as they are published.
class OcsfEncoder final : public AlertEncoder {
 public:
  OcsfEncoder(std::string product_version, TopicTable topics, std::string instance = {})
      : source_{std::move(product_version), std::move(topics), std::move(instance)} {}
  OcsfEncoder(const OcsfEncoder&) = delete;
  OcsfEncoder& operator=(const OcsfEncoder&) = delete;

  [[nodiscard]] std::string value_of(const Alert& alert) const override { return encode_ocsf(alert, source_); }
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> headers_of(const Alert& alert) const override {
    return cloud_event_headers(alert, source_);
  }

 private:
  const AlertSource source_;
};

}  // namespace weir
