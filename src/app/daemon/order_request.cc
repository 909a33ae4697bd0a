#include "app/daemon/order_request.h"

#include <algorithm>
#include <optional>
#include <vector>

#include <nlohmann/json.hpp>

namespace weir {
namespace {

using ParsedJson = nlohmann::json;

tl::unexpected<Error> refused(std::string why) {
  return fail(ErrorCode::kInvalidArgument, "decision", std::move(why));
}

/// Empty: it is one.
std::string objection_to(const ParsedJson& text, std::string_view name, size_t bytes_max) {
  const std::string key(name);
  if (!text.is_string() || text.get_ref<const std::string&>().empty()) return key + ": a text that is not empty";
  const auto& bytes = text.get_ref<const std::string&>();
  if (bytes.size() > bytes_max) return key + ": at most " + std::to_string(bytes_max) + " bytes";
  const bool is_plain = std::none_of(bytes.begin(), bytes.end(),
                                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  return is_plain ? std::string() : key + ": no control characters";
}

struct Seconds {
  std::string_view key;
  int64_t min = 0, max = 0;
  std::string_view remark;  ///< what the bounds mean
};

Result<Milliseconds> seconds_in(const ParsedJson& body, const Seconds& wanted) {
  const ParsedJson& json = body[std::string(wanted.key)];
  const std::string says =
      std::string(wanted.key) + ": whole seconds, at most " + std::to_string(wanted.max) + std::string(wanted.remark);
  if (!json.is_number_integer() && !json.is_number_unsigned()) return refused(says);
  const bool is_huge = json.is_number_unsigned() && json.get<uint64_t>() > static_cast<uint64_t>(wanted.max);
  if (is_huge || json.get<int64_t>() < wanted.min || json.get<int64_t>() > wanted.max) return refused(says);
  return Milliseconds{json.get<int64_t>() * 1'000};
}

std::vector<std::string_view> keys_of(OrderKind kind) {
  switch (kind) {
    case OrderKind::kSilence:
      return {"reason", "duration_s", "episode_id"};
    case OrderKind::kDecide:
      return {"reason", "action", "duration_s", "retry_after_s"};
    case OrderKind::kForget:
    case OrderKind::kLift:
    case OrderKind::kCount:
      break;
  }
  return {"reason"};
}

Status check_keys(OrderKind kind, const ParsedJson& json) {
  const auto known = keys_of(kind);
  std::string names;
  for (const std::string_view key : known)
    names += (names.empty() ? "" : ", ") + std::string(key);
  for (const auto& [key, value] : json.items())
    if (std::find(known.begin(), known.end(), key) == known.end())
      return refused("a key that is not known; there are: " + names);
  return {};
}

Status read_silence(const ParsedJson& json, OrderRequest& request) {
  if (!json.contains("duration_s")) return refused("duration_s: say for how long");
  const auto lasts =
      seconds_in(json, {"duration_s", 0, OrderRequest::kSilenceMax.count() / 1'000, " (7 days); 0 ends a silence"});
  if (!lasts) return tl::unexpected(lasts.error());
  request.lasts = *lasts;
  if (!json.contains("episode_id")) return {};
  if (auto wrong = objection_to(json["episode_id"], "episode_id", ClientOrder::kEpisodeBytesMax); !wrong.empty())
    return refused(std::move(wrong));
  request.episode = json["episode_id"].get<std::string>();
  return {};
}

Status read_decision(const ParsedJson& json, OrderRequest& request) {
  const auto action = json.contains("action") && json["action"].is_string()
                          ? from_name<DecisionAction>(json["action"].get<std::string>())
                          : std::nullopt;
  if (!action) return refused("action: ban, captcha or throttle");
  request.action = *action;
  if (!json.contains("duration_s")) return refused("duration_s: say for how long");
  const auto lasts =
      seconds_in(json, {"duration_s", 1, OrderRequest::kDecisionMax.count() / 1'000, " (366 days), 1 at least"});
  if (!lasts) return tl::unexpected(lasts.error());
  request.lasts = *lasts;
  if (!json.contains("retry_after_s")) return {};
  const auto retry = seconds_in(json, {"retry_after_s", 0, OrderRequest::kRetryAfterMax.count() / 1'000, " (a day)"});
  if (!retry) return tl::unexpected(retry.error());
  request.retry_after = *retry;
  return {};
}

}  // namespace

Result<OrderRequest> read_order(OrderKind kind, std::string_view body) {
  const ParsedJson json = ParsedJson::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return refused("the body is no JSON object");
  if (const Status known = check_keys(kind, json); !known) return tl::unexpected(known.error());
  OrderRequest request;
  if (!json.contains("reason")) return refused("reason: say why, for whoever asks later");
  if (auto wrong = objection_to(json["reason"], "reason", ClientOrder::kReasonBytesMax); !wrong.empty())
    return refused(std::move(wrong));
  request.reason = json["reason"].get<std::string>();
  Status status;
  if (kind == OrderKind::kSilence) status = read_silence(json, request);
  if (kind == OrderKind::kDecide) status = read_decision(json, request);
  if (!status) return tl::unexpected(status.error());
  return request;
}

}  // namespace weir
