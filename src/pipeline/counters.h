#pragma once

#include <array>

#include "alert/alert.h"
#include "alert/outcome.h"
#include "base/counter.h"
#include "base/topic_table.h"
#include "event/event_parser.h"
#include "event/profile_field.h"
#include "pipeline/rule_hits.h"
#include "policy/policy_rule.h"
#include "policy/response_check.h"
#include "rules/category.h"
#include "score/decisions/decision.h"

namespace weir {

inline constexpr std::array<double, 10> kStageSecondsBounds{1e-6, 2e-6, 5e-6, 1e-5, 2e-5, 5e-5, 1e-4, 1e-3, 1e-2, 1e-1};

/// What one detect lane counts of one source.
struct SourceCounters {
  Counter records, requests, skipped, malicious;
  Counter rejected;                                ///< all reasons together
  std::array<Counter, kFieldCount> fields_read;    ///< requests that had the field
  std::array<Counter, kFieldCount> fields_unread;  ///< requests whose field was there but could not be understood
};

/// What one detect lane counts. Written by the lane alone, read by the scrape.
struct DetectCounters {
  std::array<SourceCounters, TopicTable::kSourcesMax> sources;  ///< by number; the totals of all stand below, too
  Counter records, bytes;
  Counter requests;                                ///< judged; a record may hold several, or none
  Counter skipped;                                 ///< lines that are no access log, by a rule of the profile
  std::array<Counter, kFieldCount> fields_read;    ///< requests that had the field
  std::array<Counter, kFieldCount> fields_unread;  ///< requests whose field was there but could not be understood
  Counter salvaged, malformed, without_time, without_address;
  std::array<Counter, static_cast<size_t>(RejectReason::kCount)> rejected;
  std::array<Counter, static_cast<size_t>(Category::kCount)> rule_hits;
  RuleHits hits_of_rules;
  std::array<Counter, kPolicyRules> policy_violations;
  std::array<Counter, kResponseFaults> response_faults;  ///< responses with ResponseFault i
  Counter excluded_hits;                                 ///< rule hits and violations that an exclusion took away
  Counter malicious, utf8_repaired, truncated_records, dropped_lines, scan_failures, bot_user_agents;
  Counter capped_scans;         ///< records whose scan was ended early because they matched too often
  Counter expression_limits;    ///< records in which a regular expression gave up, which counts as a match
  Counter exclusions_left_out;  ///< of records to which more exclusions apply than are looked at
  Counter violations_left_out;  ///< records with more violations of the policy than are kept
  Counter rule_set_changes;
  // Nanoseconds spent in each stage, for rates and for `weir scan --output summary`.
  Counter parse_ns, decode_ns, match_ns, observe_ns;
  /// Seconds per record of each batch in the analyzer.
  Histogram<kStageSecondsBounds.size()> seconds_per_record{kStageSecondsBounds};
};

/// What one score lane counts.
struct ScoreCounters {
  Counter observations, blocks, bad_blocks;
  Counter foreign_blocks;  ///< of another group, not scored
  /// By AlertKind and Level.
  std::array<std::array<Counter, 5>, static_cast<size_t>(AlertKind::kCount)> alerts;
  Counter alerts_trimmed;  ///< larger than their topic allows
  std::array<Counter, static_cast<size_t>(DecisionChange::What::kCount)> decision_changes;
  std::array<Counter, static_cast<size_t>(DecisionSkip::kCount)> decisions_skipped;
  Counter decisions_active;                          ///< now
  Counter alerts_silenced, silences, client_orders;  ///< by people's decisions; the second: now
  Counter alerts_suppressed, clients, clients_evicted, clients_expired, episodes_open, state_bytes;
  Counter bursts_late;
  Counter waiting, waiting_bytes;           ///< observations and events in the order of event time, now
  Counter order_late, order_early;          ///< of these, too late for it; scored before their turn for lack of room
  std::array<Counter, kOutcomes> outcomes;  ///< records of attacks
  Counter correlation_events, correlation_late, correlation_groups, correlation_groups_evicted;
  Counter score_ns;
  // State kept in Kafka. Observations that a restore reads again are in no counter but the replayed ones.
  Counter restores, restore_ms, replayed_blocks, replayed_observations;
  Counter snapshot_chunks, snapshot_bytes;  ///< stored
  Counter chunks_damaged, chunks_lost;      ///< could not be read; could not be replayed for want of observations
};

}  // namespace weir
