#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/time.h"
#include "rules/category.h"

namespace weir {

/// A published alert as one reads it again, in OCSF or in ECS.
class AlertView {
 public:
  /// None when the text is no alert of weir's.
  static std::optional<AlertView> parse(std::string_view json);

  [[nodiscard]] EventTime time() const { return time_; }
  /// 1 informational to 5 critical.
  [[nodiscard]] int64_t severity() const { return number("/severity_id", "/event/severity"); }
  [[nodiscard]] std::string severity_name() const { return text("/severity", "/weir/severity"); }
  [[nodiscard]] std::string id() const { return text("/metadata/uid", "/event/id"); }
  [[nodiscard]] std::string episode() const { return text("/finding_info/uid", "/weir/episode"); }
  [[nodiscard]] std::string title() const { return text("/finding_info/title", "/event/reason"); }
  [[nodiscard]] std::string message() const { return text("/message", "/message"); }
  [[nodiscard]] std::string address() const { return text("/evidences/0/src_endpoint/ip", "/source/ip"); }
  [[nodiscard]] std::string host() const { return text("/evidences/0/http_request/url/hostname", "/url/domain"); }
  [[nodiscard]] int64_t count() const { return number("/count", "/weir/count"); }
  [[nodiscard]] bool is_encrypted() const;
  /// What weir says in a member of its own: kind, phase, client, client_kind …
  [[nodiscard]] std::string own(std::string_view member) const;
  [[nodiscard]] std::vector<std::string> own_list(std::string_view member) const;

  /// What stands at one of two JSON pointers, by the schema; empty or 0 when nothing does.
  [[nodiscard]] std::string text(const char* ocsf, const char* ecs) const;
  [[nodiscard]] int64_t number(const char* ocsf, const char* ecs) const;
  [[nodiscard]] const nlohmann::ordered_json* at(const char* ocsf, const char* ecs) const;

 private:
  nlohmann::ordered_json json_;
  bool is_ecs_ = false;
  EventTime time_{};
};

/// Which alerts are wanted: those that fit every list that is not empty.
struct AlertFilter {
  std::vector<std::string> kinds, categories, clients, hosts;
  int64_t severity_min = 0;
  std::optional<EventTime> since;

  [[nodiscard]] bool takes(const AlertView& alert) const;
};

}  // namespace weir
