#include "alert/message.h"

#include <array>
#include <cstdio>
#include <string_view>

#include "alert/knowledge.h"
#include "base/utf8.h"

namespace weir {
namespace {

constexpr size_t kPathShownMax = 128;

/// "a, b": what `name_of` says of each bit that is set, by its number.
template <typename Bits, typename Name>
std::string joined(Bits bits, const Name& name_of) {
  std::string text;
  for (unsigned i = 0; i < sizeof(Bits) * 8; ++i) {
    if ((static_cast<unsigned>(bits) >> i & 1U) == 0) continue;
    if (!text.empty()) text += ", ";
    text += name_of(i);
  }
  return text;
}

/// Of bits that are the enumerators themselves.
template <typename Reason, typename Bits>
std::string joined_reasons(Bits reasons) {
  return joined(reasons, [](unsigned bit) { return to_string(static_cast<Reason>(1U << bit)); });
}

std::string_view counted_by(BurstReason reason) {
  switch (reason) {
    case BurstReason::kRequestRate:
      return " requests";
    case BurstReason::kFailedAuthentication:
      return " failed authentications";
    case BurstReason::kCredentialStuffing:
      return " accounts refused";
    case BurstReason::kPasswordSpraying:
      return " accounts refused";
    case BurstReason::kEnumeration:
      return " paths answered with client errors";
    case BurstReason::kScanning:
      return " malicious requests";
  }
  return "";
}

/// "101 or more requests within the window", "up to 480 requests within the window; 5,120 in all, ended".
std::string burst_message(const Alert& alert) {
  const auto reason = static_cast<BurstReason>(alert.burst.reasons);
  const std::string held = std::to_string(alert.burst.held);
  const std::string counted = std::to_string(alert.count) + " requests";
  std::string text;
  if (alert.phase != EpisodePhase::kClosed) {
    text.append(held).append(" or more").append(counted_by(reason)).append(" within the window");
    if (alert.phase == EpisodePhase::kUpdated) text.append("; by now ").append(counted).append(" in all");
    return text;
  }
  text.append("up to ").append(held).append(counted_by(reason)).append(" within the window; ");
  return text.append(counted).append(" in all, ended");
}

/// "203.0.113.9", "customer alice".
std::string name_of_client(const Alert& alert) {
  if (alert.client_kind == ClientKind::kAddress) return alert.client;
  if (alert.client_kind == ClientKind::kGroup) return "many clients";
  return std::string(alert.client_kind == ClientKind::kApiKey ? "API key" : to_string(alert.client_kind)) + " " +
         alert.client;
}

std::string counted(uint64_t count) {
  return std::to_string(count) + (count == 1 ? " request" : " requests");
}

/// "40 s", "3 min".
std::string duration_text(int64_t ms) {
  constexpr int64_t kSecond = 1000, kMinute = 60 * kSecond, kHour = 60 * kMinute;
  if (ms < 2 * kMinute) return std::to_string(ms / kSecond) + " s";
  if (ms < 2 * kHour) return std::to_string(ms / kMinute) + " min";
  return std::to_string(ms / kHour) + " h";
}

/// " in 40 s", " in 3 min"; nothing within a second.
std::string span_of(const Alert& alert) {
  constexpr int64_t kSecond = 1000;
  const int64_t ms = (alert.last_seen - alert.first_seen).count();
  return ms < kSecond ? std::string() : " in " + duration_text(ms);
}

/// "One account refused at many addresses: cs-username zoe; 10 within 10 min, true of 3 requests, ended". Where each request is one to
/// tell: "Credentials exposed in URLs: weir.route /login; 100 requests in 3 h, ended".
std::string correlation_message(const Alert& alert) {
  const CorrelationFinding& finding = *alert.correlation;
  std::string text = finding.title;
  std::string_view separator = ": ";
  for (const auto& [field, value] : finding.group) {
    if (value.empty()) continue;
    text.append(separator).append(field).append(" ").append(cut_utf8(value, kPathShownMax));
    separator = ", ";
  }
  text.append("; ");
  if (finding.type == "event_count" && finding.value == 1) {
    text.append(counted(alert.count)).append(span_of(alert));
  } else {
    std::array<char, 32> number{};
    std::snprintf(number.data(), number.size(), "%.6g", finding.value);
    text.append(number.data()).append(" within ").append(duration_text(finding.timespan.count()));
    if (alert.count > 1) text.append(", true of ").append(counted(alert.count));
  }
  return text.append(alert.phase == EpisodePhase::kClosed ? ", ended" : "");
}

/// "parameter q", "the cookie sid", "the path".
std::string place_of(const EvidenceHit& hit) {
  const auto named = [&](std::string_view what) {
    return std::string(hit.parameter.empty() ? "a " : "")
        .append(what)
        .append(hit.parameter.empty() ? "" : " " + hit.parameter);
  };
  switch (hit.place) {
    case Place::kQuery:
    case Place::kForm:
    case Place::kJson:
    case Place::kMultipart:
    case Place::kXml:
      return named("parameter");
    case Place::kCookie:
    case Place::kRawCookie:
      return named("cookie");
    case Place::kHeader:
      return named("header");
    case Place::kBody:
    case Place::kXmlDocument:
    case Place::kRawBody:
      return "the body";
    case Place::kUserAgent:
    case Place::kRawUserAgent:
      return "the user agent";
    case Place::kReferer:
    case Place::kRawReferer:
      return "the referer";
    case Place::kHost:
      return "the host";
    case Place::kRawQuery:
      return "the query";
    case Place::kPath:
    case Place::kRawUri:
    case Place::kRawPath:
    case Place::kCount:
      break;
  }
  return "the path";
}

/// ", answered 200"; nothing where no answer is known.
std::string outcome_phrase(Outcome outcome, uint16_t status) {
  const std::string code = status == 0 ? "" : " " + std::to_string(status);
  switch (outcome) {
    case Outcome::kBlocked:
      return ", blocked with" + code;
    case Outcome::kFailed:
      return ", failed with" + code;
    case Outcome::kAnswered:
      return ", answered" + code;
    case Outcome::kLikelyEffective:
      return ", likely effective, answered" + code;
    case Outcome::kUnknown:
      break;
  }
  return {};
}

/// "SQL injection in parameter q of GET shop.example.com/search, answered 200; 3 requests of 203.0.113.9 in 40 s"
std::string attack_message(const Alert& alert) {
  std::string text;
  if (alert.evidence) {
    const Evidence& evidence = *alert.evidence;
    const bool is_named = !evidence.hits.empty() && evidence.hits.front().category != Category::kOther;
    text = is_named ? std::string(caption_of(evidence.hits.front().category)) : title_of(alert);
    if (!evidence.hits.empty()) text.append(" in ").append(place_of(evidence.hits.front()));
    text.append(" of ").append(evidence.method).append(" ").append(evidence.host);
    text.append(cut_utf8(evidence.path, kPathShownMax));
    text.append(outcome_phrase(alert.record_outcome, evidence.facts.status));
  } else {
    text = alert.categories == 0
               ? "Attack"
               : joined(alert.categories, [](unsigned bit) { return caption_of(static_cast<Category>(bit)); });
  }
  text.append("; ").append(counted(alert.count)).append(" of ").append(name_of_client(alert)).append(span_of(alert));
  if (alert.phase == EpisodePhase::kClosed) {
    text += ", ended";
    const uint64_t effective =
        alert.summary ? alert.summary->by_outcome[static_cast<size_t>(Outcome::kLikelyEffective)] : 0;
    if (effective > 0) text.append("; likely effective: ").append(std::to_string(effective));
  }
  return text;
}

}  // namespace

bool is_target(const Alert& alert) {
  return alert.kind == AlertKind::kBurst && alert.client_kind == ClientKind::kCustomer &&
         alert.burst.reasons == static_cast<BurstReasons>(BurstReason::kFailedAuthentication);
}

bool is_clients_burst(const Alert& alert) {
  return alert.kind == AlertKind::kBurst && alert.client_kind != ClientKind::kGroup;
}

std::string title_of(const Alert& alert) {
  if (is_target(alert))
    return "Guessing at a customer's authentication: " + joined_reasons<BurstReason>(alert.burst.reasons);
  if (alert.kind == AlertKind::kBurst) return "Burst of requests: " + joined_reasons<BurstReason>(alert.burst.reasons);
  if (alert.kind == AlertKind::kAbuse)
    return "Suspicious client behaviour: " + joined_reasons<AbuseReason>(alert.verdict.reasons);
  if (alert.correlation) return alert.correlation->title;
  if (alert.evidence && !alert.evidence->hits.empty()) return alert.evidence->hits.front().title;
  return "Attack requests: " +
         joined(alert.categories, [](unsigned bit) { return to_string(static_cast<Category>(bit)); });
}

std::string message_of(const Alert& alert) {
  if (alert.kind == AlertKind::kAttack) return attack_message(alert);
  if (alert.correlation) return correlation_message(alert);
  std::string text(to_string(alert.kind));
  text.append(is_target(alert) ? " against " : " by ")
      .append(to_string(alert.client_kind))
      .append(" ")
      .append(alert.client)
      .append(": ");
  if (is_clients_burst(alert)) return text + burst_message(alert);
  text += counted(alert.count);
  if (alert.kind == AlertKind::kBurst) text += " in bursts";
  if (alert.phase == EpisodePhase::kClosed) text += ", ended";
  return text;
}

}  // namespace weir
