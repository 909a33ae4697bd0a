#pragma once

#include <string>

#include "app/alerts/alert_view.h"
#include "app/notify/message_template.h"
#include "app/notify/notice.h"
#include "app/notify/outbox.h"
#include "base/result.h"
#include "config/notify_config.h"

namespace weir {

/// The messages that a configuration asks for: of one alert, and of those beyond the limit.
class Messages {
 public:
  /// Fails on a template that cannot be filled in, naming the key.
  static Result<Messages> of(const NotifyConfig& config);

  [[nodiscard]] Notice notice_of(const AlertView& alert) const;
  [[nodiscard]] std::string summary_of(const NoticeSummary& summary) const;

 private:
  Messages(MessageTemplate body, MessageTemplate summary) : body_(std::move(body)), summary_(std::move(summary)) {}
  MessageTemplate body_, summary_;
};

}  // namespace weir
