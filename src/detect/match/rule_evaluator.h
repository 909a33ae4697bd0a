#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "detect/match/event_truth.h"
#include "detect/match/match_task.h"
#include "detect/program/rule_program.h"

namespace weir {

/// The atoms that matched in a record, or in the lines of it that one rule may see.
class AtomHits {
 public:
  struct Found {
    uint32_t line = 0;
    uint32_t end = 0;  ///< offset into the record's text
  };

  /// `program` must outlive this.
  explicit AtomHits(const RuleProgram& program);
  /// Forgets all, in constant time.
  void clear();
  /// True when it is the atom's first hit; of several the first line counts.
  bool add(uint32_t atom, Found found);
  [[nodiscard]] bool has(uint32_t atom) const { return states_[atom].epoch == epoch_; }
  [[nodiscard]] const Found& found(uint32_t atom) const { return states_[atom].found; }
  /// Did one of an alternative's atoms hit? `step` must be one of atoms only.
  [[nodiscard]] bool has_any_of(uint32_t step) const { return alternatives_[step].epoch == epoch_; }
  /// The first of them in the condition's order, into RuleProgram::children.
  [[nodiscard]] uint32_t first_of(uint32_t step) const { return alternatives_[step].child; }

 private:
  struct State {
    uint32_t epoch = 0;
    Found found;
  };
  struct Alternative {
    uint32_t epoch = 0;
    uint32_t child = 0;
  };
  const RuleProgram* program_;
  std::vector<State> states_;
  std::vector<Alternative> alternatives_;  ///< by step
  uint32_t epoch_ = 1;
};

/// Evaluates conditions over what matched. Of one thread.
class RuleEvaluator {
 public:
  /// `program` must outlive this.
  explicit RuleEvaluator(const RuleProgram& program);

  /// Forgets what is known of the last record: facts of an event are looked up at most once.
  void begin_record();

  /// Does the rule hold for the task's record, of which `hits` are the atoms that matched?
  [[nodiscard]] bool holds(const MatchTask& task, uint32_t rule, const AtomHits& hits) {
    return evaluate(task, program_->rule_root[rule], hits);
  }
  static constexpr size_t kNowhere = SIZE_MAX;
  /// Where a rule that holds was found. The beginning is looked for in parameters of more than `located_above` bytes and in other
  /// lines; kNowhere: in none.
  Hit hit_of(const MatchTask& task, uint32_t rule, const AtomHits& hits, size_t located_above);

  /// How often an expression gave up, and so counted as matching or left a begin unknown.
  [[nodiscard]] uint64_t given_up() const { return scratch_.pcre.given_up(); }

 private:
  struct EventState {
    uint32_t epoch = 0;
    bool value = false;
  };

  /// Answers about a short text that repeats from record to record (content type, method): compared whole, so never wrong.
  struct TextMemo {
    static constexpr size_t kSlots = 8, kBytesMax = 62;
    struct Slot {
      uint8_t size = 0xff;  ///< 0xff: empty
      bool value = false;
      std::array<char, kBytesMax> text{};
    };
    std::array<Slot, kSlots> slots;
  };
  static constexpr uint32_t kNoMemo = 0xffffffff;

  bool evaluate(const MatchTask& task, uint32_t step, const AtomHits& hits);
  bool evaluate_event(const MatchTask& task, uint32_t index);
  bool look_up(const MatchTask& task, uint32_t index);
  const AtomHits::Found* evidence(const MatchTask& task, uint32_t step, const AtomHits& hits, uint32_t& pattern);

  const RuleProgram* program_;
  EventScratch scratch_;
  std::vector<EventState> events_;
  std::vector<TextMemo> memos_;
  std::vector<uint32_t> memo_of_;  ///< per event atom, into memos_
  uint32_t epoch_ = 0;
};

}  // namespace weir
