#include "app/daemon/decision_request.h"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace weir {
namespace {

using Json = nlohmann::json;

tl::unexpected<Error> refused(std::string why) {
  return fail(ErrorCode::kInvalidArgument, "decision", std::move(why));
}

/// Empty: it is one.
std::string objection_to(const Json& text, std::string_view name, size_t bytes_max) {
  const std::string key(name);
  if (!text.is_string() || text.get_ref<const std::string&>().empty()) return key + ": a text that is not empty";
  const auto& bytes = text.get_ref<const std::string&>();
  if (bytes.size() > bytes_max) return key + ": at most " + std::to_string(bytes_max) + " bytes";
  const bool is_plain = std::none_of(bytes.begin(), bytes.end(),
                                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  return is_plain ? std::string() : key + ": no control characters";
}

Result<Milliseconds> duration_of(const Json& json) {
  const int64_t seconds_max = DecisionRequest::kSilenceMax.count() / 1'000;
  const std::string wanted =
      "duration_s: whole seconds, at most " + std::to_string(seconds_max) + " (7 days); 0 ends a silence";
  if (!json.is_number_integer() && !json.is_number_unsigned()) return refused(wanted);
  const bool is_huge = json.is_number_unsigned() && json.get<uint64_t>() > static_cast<uint64_t>(seconds_max);
  if (is_huge || json.get<int64_t>() < 0) return refused(wanted);
  return Milliseconds{json.get<int64_t>() * 1'000};
}

}  // namespace

Result<DecisionRequest> read_decision(DecisionKind kind, std::string_view body) {
  const Json json = Json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return refused("the body is no JSON object");
  const bool is_silence = kind == DecisionKind::kSilence;
  for (const auto& [key, value] : json.items()) {
    if (key == "reason" || (is_silence && (key == "duration_s" || key == "episode_id"))) continue;
    return refused("a key that is not known; there are: reason" +
                   std::string(is_silence ? ", duration_s, episode_id" : ""));
  }
  DecisionRequest request;
  if (!json.contains("reason")) return refused("reason: say why, for whoever asks later");
  if (auto wrong = objection_to(json["reason"], "reason", Decision::kReasonBytesMax); !wrong.empty())
    return refused(std::move(wrong));
  request.reason = json["reason"].get<std::string>();
  if (!is_silence) return request;
  if (!json.contains("duration_s")) return refused("duration_s: say for how long");
  const auto lasts = duration_of(json["duration_s"]);
  if (!lasts) return tl::unexpected(lasts.error());
  request.lasts = *lasts;
  if (!json.contains("episode_id")) return request;
  if (auto wrong = objection_to(json["episode_id"], "episode_id", Decision::kEpisodeBytesMax); !wrong.empty())
    return refused(std::move(wrong));
  request.episode = json["episode_id"].get<std::string>();
  return request;
}

}  // namespace weir
