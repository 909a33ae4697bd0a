#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "app/alerts/alert_view.h"
#include "config/notify_config.h"

namespace weir {

/// An alert that is to be sent: its message, and what a summary says of it.
struct Notice {
  std::string id;
  std::string body;
  int64_t severity = 0;  ///< 1 informational to 5 critical
  EventTime time{};
};

/// Which alerts are sent.
class NoticeFilter {
 public:
  explicit NoticeFilter(const NotifyConfig& config);
  [[nodiscard]] bool takes(const AlertView& alert) const;

 private:
  AlertFilter filter_;
  std::vector<std::string> phases_, categories_;  // of categories none: all
};

}  // namespace weir
