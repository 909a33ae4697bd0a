#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "alert/alert.h"
#include "base/addresses/address_set.h"
#include "score/decisions/decision.h"

namespace weir {

enum class Simulate : uint8_t { kOff, kOn };
template <>
inline constexpr auto kNamesOf<Simulate> = std::to_array<std::string_view>({"false", "true"});

/// Which alerts lead to which decision. What is not given holds for all.
struct DecisionRule {
  static constexpr uint32_t kAlertsMax = 32;

  std::string name;
  uint8_t kinds = 0;         ///< bits of AlertKind
  uint8_t client_kinds = 0;  ///< bits of ClientKind
  Level severity_min = Level::kInformational;
  CategoryMask categories = 0;
  uint8_t outcomes = 0;  ///< bits of Outcome
  AbuseReasons abuse_reasons = 0;
  BurstReasons burst_reasons = 0;
  int risk_score_min = 0;
  uint64_t records_min = 1;  ///< of the alert's episode
  uint32_t alerts_min = 1;   ///< of the client that fit, at most kAlertsMax
  Milliseconds within{3'600'000};

  DecisionAction action = DecisionAction::kBan;
  Milliseconds duration{14'400'000};
  uint32_t factor = 1;  ///< each further decision about the same client lasts so many times longer
  Milliseconds duration_max{7 * 86'400'000};
  Milliseconds retry_after{0};

  /// All but how often.
  [[nodiscard]] bool fits(const Alert& alert) const;
  /// Of a client's so many-th decision.
  [[nodiscard]] Milliseconds length(uint32_t times) const;
};

/// What decides (docs/decisions.md): part of the options, so the same in every process and at every replay.
struct DecisionPolicy {
  std::vector<DecisionRule> rules;  ///< the first that fits an alert decides
  Simulate simulate = Simulate::kOn;
  Milliseconds remember{7 * 86'400'000};  ///< event time after its end in which a decision makes the next one longer
  uint32_t per_minute_max = 1'000;        ///< decisions of one partition, made in the long run
  uint32_t clients_max = 50'000;          ///< of one partition, with a decision, one to remember or alerts counted
  static constexpr uint32_t kCustomersMax = 32;
  uint32_t customers_max = 0;  ///< an address with more named clients behind it is no subject; 0: they are not counted
  uint32_t ipv4_prefix = 32, ipv6_prefix = 64;
  AddressSet never;                  ///< own networks, and proxies that are trusted
  std::vector<AddressSet> crawlers;  ///< verified ones

  /// Of the rules: what is counted by one policy means nothing to another.
  [[nodiscard]] uint64_t digest() const;
  /// What a decision about this client acts on; nothing if it must not be one's subject.
  [[nodiscard]] std::optional<std::string> subject_of(ClientKind kind, std::string_view client) const;
};

}  // namespace weir
