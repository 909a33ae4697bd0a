#pragma once

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "base/time.h"
#include "score/scoring_fixture.h"

namespace weir::scoring_fixture {

inline constexpr int64_t kDisorderMs = 50'000;  // below ScoreOptions::lateness

inline std::string_view random_words(int path, int account) {
  const std::string path_text = "/path/" + std::to_string(path), account_text = "account" + std::to_string(account);
  return packed(RecordWords{"agent", path_text, account_text});
}

/// Traffic of `clients` clients with attacks, abuse, pauses long enough to close episodes and forget clients, and records
/// up to kDisorderMs behind.
inline void add_random(Stream& stream, uint32_t seed, int count, int clients, const std::string& prefix) {
  std::mt19937 random(seed);
  const auto below = [&](int bound) { return static_cast<int>(random() % static_cast<unsigned>(bound)); };
  int64_t now = 0;
  for (int i = 0; i < count; ++i) {
    now += below(20) == 0 ? below(60'000) : below(400);
    if (below(400) == 0) now += 4'000'000;
    const int client = std::min(below(clients), below(clients));
    const int late = below(4) == 0 ? below(static_cast<int>(kDisorderMs)) : 0;
    const Level level = static_cast<Level>(below(5));
    Observation& record =
        stream.add({.client = prefix + std::to_string(client),
                    .at_ms = now - late,
                    .address = "198.51.100." + std::to_string(client % 5 == 0 ? below(9) : client % 256),
                    .user_agent = client % 5 == 0 ? 1U + unsigned(below(4)) : 1U,
                    .flags = static_cast<uint8_t>(client % 7 == 0 ? ObservationFlag::kBotUserAgent : ObservationFlag{}),
                    .evidence = client % 3 == 0 && below(3) == 0
                                    ? attack(level, Category::kSqli, "rule-" + std::to_string(below(9)))
                                    : PackedEvidence{}});
    if (client % 4 != 1) continue;  // failures, errors and hits, some counted for the address of a named client
    record.client_kind = ClientKind::kAddress;
    record.status = static_cast<uint16_t>(below(3) == 0 ? 401 : 404);
    record.path_hash = random();
    record.words = random_words(below(30), below(9));
    if (client % 8 == 1 && !record.evidence)
      record.flags = static_cast<uint8_t>(record.flags | static_cast<uint8_t>(ObservationFlag::kAddressCount));
  }
}

inline std::string describe(const Alert& alert) {
  std::string text = alert.id + " " + alert.client + " " + std::string(to_string(alert.kind)) + " ";
  text.append(to_string(alert.phase)).append(" at ").append(std::to_string(alert.at.offset));
  text.append(" count ")
      .append(std::to_string(alert.count))
      .append(" score ")
      .append(std::to_string(alert.verdict.risk_score));
  text.append(" burst ").append(std::to_string(alert.burst.reasons)).append(" retry ");
  text.append(std::to_string(alert.burst.retry_after.count()))
      .append(" held ")
      .append(std::to_string(alert.burst.held));
  text.append(" address ").append(alert.address.to_string());
  text.append(" ").append(format_rfc3339(alert.first_seen)).append("–").append(format_rfc3339(alert.last_seen));
  text.append(" ").append(to_string(alert.severity)).append(alert.evidence ? " with evidence" : "");
  text.append(" window ").append(std::to_string(alert.burst.requests + alert.verdict.requests));
  for (const auto& list : alert.made_of)
    for (const ValueCount& count : list)
      text.append(" ").append(count.value).append("×").append(std::to_string(count.requests));
  for (const RelatedEpisode& episode : alert.related)
    text.append(" beside ").append(episode.opening_id).append(" ").append(episode.title);
  return text;
}

inline std::vector<std::string> describe(const std::vector<Alert>& alerts) {
  std::vector<std::string> texts;
  for (const Alert& alert : alerts)
    texts.push_back(describe(alert));
  return texts;
}

}  // namespace weir::scoring_fixture
