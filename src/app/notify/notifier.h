#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/daemon/service.h"
#include "app/notify/messages.h"
#include "app/notify/outbox.h"
#include "app/notify/webhook.h"
#include "app/terminal/interruption.h"
#include "config/config.h"
#include "kafka/subscription/subscription.h"
#include "lane/log_sink.h"

namespace weir {

/// What a notifier did, for its log.
struct NotifierCounts {
  uint64_t read = 0;       ///< alerts
  uint64_t passed = 0;     ///< over: the filter does not take them, or they are no alerts
  uint64_t repeats = 0;    ///< of alerts that were sent
  uint64_t sent = 0;       ///< messages of one alert
  uint64_t summaries = 0;  ///< messages that tell of many
  uint64_t told = 0;       ///< alerts in them
  uint64_t refused = 0;    ///< messages that the receiver does not take
  uint64_t failed = 0;     ///< tries
  bool operator==(const NotifierCounts&) const = default;
};

/// Takes alerts out of the topic and brings them to a webhook. What is committed is delivered: a process that dies repeats the message
/// that was not confirmed, and nothing else. One thread.
class Notifier {
 public:
  /// Whether it ends when what was there is delivered.
  enum class Until : uint8_t { kStopped, kDelivered };
  static constexpr uint32_t kTriesMax = 5;  ///< of a message, with kDelivered; then it is an error

  Notifier(const Config& config, Messages messages, Webhook& webhook, Subscription& subscription, LogSink log);

  /// Returns when a stop is requested, or by `until`. Fails when it cannot go on.
  Status run(Until until, Interruption& interruption);

 private:
  Status read();
  void take(const TopicRecord& record);
  Status send(Until until);
  void log_failure(const WebhookAnswer& answer);
  void commit();
  void log_counts();
  [[nodiscard]] Milliseconds pause() const;

  NoticeFilter filter_;
  Messages messages_;
  Webhook& webhook_;
  Subscription& subscription_;
  LogSink log_;
  ServiceNotifier service_;
  Outbox outbox_;
  bool is_ready_ = false;
  uint64_t losses_ = 0;
  std::map<int32_t, int64_t> committed_;
  Outbox::Time commit_due_{}, counts_due_{};
  NotifierCounts counts_, counts_logged_;
};

}  // namespace weir
