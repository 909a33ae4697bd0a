#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "config/notify_config.h"

namespace weir {

/// What came of a message.
struct WebhookAnswer {
  int status = 0;                    ///< 0: no answer
  std::string problem;               ///< without one; never holds the URL
  std::optional<Milliseconds> wait;  ///< how long the receiver asks to be left alone, an hour at most

  [[nodiscard]] bool is_delivered() const { return status >= 200 && status < 300; }
  /// The message itself is what the receiver does not take: another one may be taken.
  [[nodiscard]] bool is_refused() const { return status == 400 || status == 413 || status == 422; }
  /// For a person.
  [[nodiscard]] std::string to_string() const;
};

/// Posts JSON to one URL. Certificates and names of hosts are checked, redirects are not followed, and the time is bounded. One
/// thread.
class Webhook {
 public:
  static Result<std::unique_ptr<Webhook>> open(const NotifyConfig& config, std::string_view version);
  ~Webhook();
  Webhook(const Webhook&) = delete;
  Webhook& operator=(const Webhook&) = delete;

  /// `id` tells repeats apart from new messages; it goes into a header. Blocks up to the configured time.
  WebhookAnswer post(const std::string& body, const std::string& id);

 private:
  struct Impl;
  Webhook();
  std::unique_ptr<Impl> impl_;
};

}  // namespace weir
