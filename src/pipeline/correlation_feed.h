#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/arena.h"
#include "base/siphash.h"
#include "detect/match/detection.h"
#include "detect/rule_set.h"
#include "event/event.h"
#include "pipeline/client_identity.h"
#include "pipeline/correlation_field.h"
#include "score/correlation/correlation_event.h"
#include "score/observation.h"

namespace weir {

/// Turns the hits of a record into events for the correlations that take their rules in. Of one lane; made anew for each rule
/// set, which it does not refer to afterwards.
class CorrelationFeed {
 public:
  CorrelationFeed() = default;
  CorrelationFeed(const RuleSet& rules, const SipHashKey& key, Masker masker = Masker());

  [[nodiscard]] bool active() const { return !definitions_.empty(); }

  /// Appends the events of one record; `observation` is of the same. Their text is copied to the arena, their definitions live
  /// as long as this. Allocates only while its buffers grow and to mask values.
  void take(const Event& event, const ClientIdentity& client, const Detection& detection,
            const Observation& observation, Arena& arena, std::vector<CorrelationEvent>& out);

 private:
  /// The fields of a group; several correlations often share one.
  struct Grouping {
    std::vector<std::string> names;
    std::vector<CorrelationField> fields;
    bool is_client = false;  ///< a client, or an address as one, is all there is in it
  };
  /// One source of a correlation, for the rule it names.
  struct Feed {
    uint32_t rule = 0;
    uint32_t correlation = 0;  // into definitions_
    uint32_t grouping = 0;
    uint8_t source = 0;
  };
  /// A record's group in a grouping, computed once a record.
  struct Group {
    uint64_t record = 0;  // of which it is
    bool complete = false;
    uint64_t hash = 0;
    std::string_view text;
  };
  /// What of a record goes to one correlation.
  struct Pending {
    uint32_t correlation = 0;
    uint32_t grouping = 0;
    uint64_t sources = 0;
  };

  void define(const std::vector<Correlation>& correlations);
  uint32_t grouping_of(const Correlation& correlation, const CorrelationSource& source);
  void collect(const Detection& detection);
  const Group& group_of(uint32_t grouping, const Event& event, const ClientIdentity& client, Arena& arena);
  [[nodiscard]] bool value_for(uint32_t correlation, const Event& event, const ClientIdentity& client, uint64_t& value);

  SipHashKey key_{};
  Masker masker_;
  std::vector<std::unique_ptr<CorrelationDefinition>> definitions_;
  std::vector<std::vector<CorrelationField>> value_fields_;  // by correlation
  std::vector<Grouping> groupings_;
  std::vector<Feed> feeds_;           // by rule
  std::vector<uint32_t> first_feed_;  // per rule, into feeds_; one more at the end
  std::vector<Group> groups_;         // by grouping
  std::vector<Pending> pending_;
  uint64_t record_ = 0;
  std::string buffer_, hashed_, shown_, value_;
};

}  // namespace weir
