#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "score/decisions/decision.h"

namespace weir {

/// The decisions of the topic as they stand, and what changed for those who enforce them. Several clients' decisions may act on the
/// same network: of these the strictest holds, and of equal ones that which lasts longest. One thread.
class DecisionBoard {
 public:
  /// Further decisions are not taken in.
  static constexpr size_t kDecisionsMax = 1'000'000;
  /// What has ended is told to those who ask later, of so many; who asks after more gets everything anew.
  static constexpr size_t kEndedMax = 100'000;

  enum class Taken : uint8_t { kYes, kUnreadable, kNoRoom };
  /// One record of the topic; an empty value is a tombstone.
  Taken take(std::string_view key, std::string_view value);
  /// Drops what is over by the wall clock.
  void expire(EventTime now);
  /// When the next one is over; nothing without any.
  [[nodiscard]] std::optional<EventTime> next_end() const;

  /// All that are in force, simulated ones too, by what they act on.
  void each(const std::function<void(const Decision&)>& visit) const;
  /// Those to be enforced: one for each subject.
  void each_enforced(const std::function<void(const Decision&)>& visit) const;
  /// The one to be enforced on this subject; null if there is none. `scope` as in scope_of().
  [[nodiscard]] const Decision* enforced(std::string_view scope, std::string_view value) const;

  /// What no longer holds of a subject.
  struct Ended {
    std::string scope, value;
    DecisionAction action = DecisionAction::kBan;
  };
  struct Changes {
    std::vector<const Decision*> added;  ///< valid until the next change
    std::vector<Ended> ended;            ///< to be applied first
  };
  /// What is new since a place; nothing: since the beginning, so that it is all.
  [[nodiscard]] Changes changes_since(std::optional<uint64_t> place) const;
  /// Where the changes so far end.
  [[nodiscard]] uint64_t place() const { return sequence_; }

  [[nodiscard]] size_t size() const { return decisions_.size(); }
  [[nodiscard]] size_t enforced_count() const { return enforced_count_; }

 private:
  using SubjectKey = std::pair<std::string, std::string>;  // scope, value
  struct Subject {
    std::set<std::string, std::less<>> keys;  // of the decisions about it
    uint8_t told = 0;                         // actions that held before its last change
    uint64_t sequence = 0;                    // of its last change
  };
  using Subjects = std::map<SubjectKey, Subject>;

  void remove(std::map<std::string, Decision, std::less<>>::iterator decision);
  /// To be called before a subject changes.
  Subject& touch(const SubjectKey& key);
  void settle(const SubjectKey& key);
  [[nodiscard]] const Decision* strictest(const Subject& subject) const;
  void tell(const SubjectKey& key, const Subject& subject, Changes& changes) const;

  std::map<std::string, Decision, std::less<>> decisions_;
  Subjects subjects_;
  std::map<uint64_t, SubjectKey> by_sequence_;
  std::set<std::pair<int64_t, std::string>> ends_;
  uint64_t sequence_ = 0;
  uint64_t forgotten_ = 0;  // the last change of what was ended and forgotten
  size_t ended_count_ = 0, enforced_count_ = 0;
};

}  // namespace weir
