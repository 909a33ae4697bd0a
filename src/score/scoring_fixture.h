#pragma once

#include <memory>
#include <string>
#include <vector>

#include "evidence/record_words.h"
#include "score/scorer.h"

namespace weir::scoring_fixture {

inline const std::vector<std::string> kTopics{"http.requests"};
inline constexpr int64_t kStartMs = 1'736'942'400'000;  // 2025-01-15T12:00:00Z

/// Evidence as it stands in an observation; its bytes live as long as the program.
inline PackedEvidence packed(const Evidence& evidence) {
  static std::vector<std::unique_ptr<std::string>> made;
  made.push_back(std::make_unique<std::string>());
  pack_evidence(evidence, *made.back());
  BinaryReader in(*made.back());
  return *read_packed_evidence(in);
}

/// Words as they stand in an observation; they live as long as the program.
inline std::string_view packed(const RecordWords& words) {
  static std::vector<std::unique_ptr<std::string>> made;
  made.push_back(std::make_unique<std::string>());
  pack_words(words, *made.back());
  return *made.back();
}

inline PackedEvidence attack(Level level = Level::kHigh, Category category = Category::kSqli,
                             std::string_view rule = "rule") {
  Evidence evidence;
  evidence.hits.emplace_back();
  evidence.hits[0].rule_id = rule;
  evidence.hits[0].weight = 10;
  evidence.hits[0].level = level;
  evidence.hits[0].category = category;
  return packed(evidence);
}

/// Builds the observations of one partition, in order, with ascending offsets.
class Stream {
 public:
  struct Fields {
    std::string client = "client";
    int64_t at_ms = 0;  ///< from kStartMs
    std::string address = "192.0.2.1";
    uint64_t user_agent = 1;
    uint8_t flags = 0;
    PackedEvidence evidence{};
  };

  Observation& add(const Fields& fields) {
    texts_.push_back(std::make_unique<std::string>(fields.client));
    Observation& record = observations_.emplace_back();
    record.at = {0, 0, static_cast<int64_t>(observations_.size()) - 1};
    record.time = EventTime{Milliseconds{kStartMs + fields.at_ms}};
    record.client_kind = ClientKind::kCustomer;
    record.client = *texts_.back();
    record.client_hash = std::hash<std::string>{}(fields.client);
    record.address = *IpAddress::parse(fields.address);
    record.user_agent_hash = fields.user_agent;
    record.flags = fields.flags;
    record.evidence = fields.evidence;
    return record;
  }
  [[nodiscard]] const std::vector<Observation>& observations() const { return observations_; }

 private:
  std::vector<std::unique_ptr<std::string>> texts_;
  std::vector<Observation> observations_;
};

inline std::vector<Alert> alerts_of(const std::vector<Observation>& observations, const ScoreOptions& options = {}) {
  Scorer scorer(options, kTopics);
  std::vector<Alert> alerts;
  scorer.observe(observations, alerts);
  return alerts;
}

/// As alerts_of, and closes what is open at the end.
inline std::vector<Alert> all_alerts_of(const std::vector<Observation>& observations,
                                        const ScoreOptions& options = {}) {
  Scorer scorer(options, kTopics);
  std::vector<Alert> alerts;
  scorer.observe(observations, alerts);
  scorer.finish(alerts);
  return alerts;
}

}  // namespace weir::scoring_fixture
