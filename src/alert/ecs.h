#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "alert/alert_encoder.h"

namespace weir {

/// An alert of OCSF as Elastic Common Schema 8: what has a field there stands in it, the rest under `weir`. Empty when the
/// text is no alert.
std::string ecs_from_ocsf(std::string_view ocsf_json);

/// Alerts in ECS, for those whose other logs are. It translates what OcsfEncoder writes, so that neither encoding knows more
/// than the other.
class EcsEncoder final : public AlertEncoder {
 public:
  explicit EcsEncoder(std::shared_ptr<const AlertEncoder> ocsf) : ocsf_(std::move(ocsf)) {}

  [[nodiscard]] std::string value_of(const Alert& alert) const override {
    return ecs_from_ocsf(ocsf_->value_of(alert));
  }
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> headers_of(const Alert& alert) const override {
    return ocsf_->headers_of(alert);
  }

 private:
  std::shared_ptr<const AlertEncoder> ocsf_;
};

}  // namespace weir
