#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "base/siphash.h"
#include "decode/decoder.h"
#include "detect/match/matcher.h"
#include "event/event_parser.h"
#include "event/input_profile.h"
#include "evidence/masker.h"
#include "pipeline/client_identity.h"
#include "pipeline/policy_stage.h"
#include "pipeline/rule_slot.h"

namespace weir {

/// How records are judged, besides the rules and the policy in force.
struct JudgeOptions {
  InputOptions input;
  DecodeOptions decode;
  SipHashKey hash_key{};
  std::vector<ClientKind> client_order{ClientKind::kCustomer, ClientKind::kApiKey, ClientKind::kAddress};  ///< AB4
  MatcherOptions matching;
  Masker masker;  ///< of everything that is shown of a record
};

/// One request on its way through the steps of RecordJudge, with what each of them found. Reused from request to request.
struct JudgedRecord {
  EventStorage storage;
  Event event;            ///< by parse(); borrows from storage
  DecodedRecord decoded;  ///< by decode()
  ClientIdentity client;  ///< by identify(); borrows from the arena given
  EventTime time{};       ///< by identify(): the event's, not later than the broker's append time
  PolicyFindings policy;  ///< by prepare() and judge()
  Detection detection;    ///< by match() and judge()

  [[nodiscard]] RecordFacts facts() const { return {event.client_ip, client.text, time}; }
};

/// The one way of a record to its verdict: parse, decode, identify, prepare, match, judge. The analyzer goes it with many
/// records at once, explain, the examples of rules and the measurement of their cost with one. Made for the rules and the policy
/// of a Judgement, and anew when they change. Of one thread; without clocks and state that a verdict depends on.
class RecordJudge {
 public:
  /// An error: no memory for matching.
  static Result<RecordJudge> create(const JudgeOptions& options, Judgement in_force);

  [[nodiscard]] const RuleSet& rules() const { return matcher_.rules(); }
  /// Null without one.
  [[nodiscard]] const Policy* policy() const { return policy_.policy(); }

  /// Reads the raw record as a request. When the outcome is not ok, there is none and no further step is to be taken. Of a
  /// record that holds several the first.
  ParseOutcome parse(std::string_view payload, JudgedRecord& record);
  /// Starts with a raw record that may hold several requests; `reference` as in EventParser::begin().
  void begin(std::string_view payload, EventTime reference) { parser_.begin(payload, reference); }
  /// Reads the next of them; only on kEvent are further steps to be taken.
  EventParser::Next next(JudgedRecord& record, ParseOutcome& outcome);
  /// Makes the text that the rules see.
  void decode(JudgedRecord& record);
  /// Says whose it is and when it happened. The client's text is copied to the arena.
  void identify(EventTime append_time, Arena& arena, JudgedRecord& record);
  /// Says, by the policy, how the record is to be matched.
  void prepare(JudgedRecord& record);
  /// Matches the rules; some 16 records at a time are the fastest.
  void match(std::span<JudgedRecord> records, LineLearning learning = LineLearning::kOn);
  /// Adds what the policy forbids: then the verdict stands.
  void judge(JudgedRecord& record);

  /// All steps for one record, as it comes from a file.
  ParseOutcome judge_alone(std::string_view payload, Arena& arena, JudgedRecord& record);

  /// By which everything is masked that is shown of a record.
  [[nodiscard]] const Masker& masker() const { return masker_; }

  /// The client that the record's address alone would be.
  [[nodiscard]] ClientIdentity address_of(const Event& event, Arena& arena) const {
    return identifier_.address_of(event, arena);
  }

 private:
  RecordJudge(const JudgeOptions& options, Judgement in_force, Matcher matcher);

  EventParser parser_;
  Decoder decoder_;
  ClientIdentifier identifier_;
  PolicyStage policy_;
  Matcher matcher_;
  Masker masker_;
  std::vector<MatchTask> tasks_;
};

}  // namespace weir
