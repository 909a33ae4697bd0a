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
  InputOptions
      input;  ///< and the order of clients below: of the one source there is, unless a Judgement brings its own
  DecodeOptions decode;
  SipHashKey hash_key{};
  std::vector<ClientKind> client_order{ClientKind::kCustomer, ClientKind::kApiKey, ClientKind::kAddress};  ///< AB4
  std::vector<std::string> identity_headers{};  ///< whose credentials stand for API keys (KE2)
  MatcherOptions matching;
  Masker masker;  ///< of everything that is shown of a record
};

/// One request on its way through the steps of RecordJudge, with what each of them found. Reused from request to request.
struct JudgedRecord {
  uint16_t source = 0;  ///< by next(): how it is read
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
  /// record that holds several the first. It is of the first source.
  ParseOutcome parse(std::string_view payload, JudgedRecord& record);
  /// Starts with a raw record of a source (one there is not stands for the first), which may hold several requests;
  /// `reference` as in EventParser::begin().
  void begin(uint16_t source, std::string_view payload, EventTime reference);
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
    return sources_.front().identifier.address_of(event, arena);
  }

 private:
  /// What a source needs for itself.
  struct Source {
    EventParser parser;
    ClientIdentifier identifier;
  };

  RecordJudge(const JudgeOptions& options, Judgement in_force, Matcher matcher);

  std::vector<Source> sources_;  // at least one
  uint16_t source_ = 0;          // of the record that is read
  Decoder decoder_;
  PolicyStage policy_;
  Matcher matcher_;
  Masker masker_;
  std::vector<MatchTask> tasks_;
};

}  // namespace weir
