#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "alert/alert.h"

namespace weir {

/// The two rule sets of a trial.
enum class TrialSide : uint8_t { kCurrent, kCandidate };
inline constexpr size_t kTrialSides = 2;

/// One episode as a rule set makes it: what somebody hears of as an alert that opens, and what follows.
struct TrialEpisode {
  AlertKind kind = AlertKind::kAttack;
  std::string subject;  ///< whose it is: the client, of correlations their rule and group
  std::string client;
  std::string alert_id;  ///< of the alert that opened it
  Level severity = Level::kMedium;
  CategoryMask categories = 0;
  uint64_t count = 0;  ///< as last told
  EventTime first_seen{}, last_seen{};
  std::string target;              ///< of the request that opened it, masked; empty where the alert names none
  std::vector<std::string> rules;  ///< ids, of that request or of the correlation
  bool is_matched = false;         ///< the other side has it as well
  const TrialEpisode* other = nullptr;
};

/// Which alerts of one rule set the other sends as well. An episode is the same if it is of the same kind and subject and their times
/// overlap, or would if one had lasted a little longer: then somebody hears of the same thing, if perhaps by another request of it.
class AlertMatch {
 public:
  static constexpr size_t kEpisodesMax = 100'000;  ///< of a side; more are only counted
  /// Two episodes that lie closer are one matter.
  static constexpr Milliseconds kNear{300'000};

  void take(TrialSide side, const Alert& alert);
  /// After the last.
  void finish();

  /// Those that opened; after finish(), in the order of their opening.
  [[nodiscard]] const std::vector<TrialEpisode>& episodes(TrialSide side) const {
    return sides_[index_of(side)].episodes;
  }
  [[nodiscard]] uint64_t opened(TrialSide side) const { return sides_[index_of(side)].opened; }
  [[nodiscard]] uint64_t opened(TrialSide side, AlertKind kind) const {
    return sides_[index_of(side)].by_kind[static_cast<size_t>(kind)];
  }
  /// All that would be published: updates and closings, too.
  [[nodiscard]] uint64_t published(TrialSide side) const { return sides_[index_of(side)].published; }
  /// Episodes that the other side does not have.
  [[nodiscard]] uint64_t only(TrialSide side) const { return only_[index_of(side)]; }
  /// Episodes that both have, with another number of records, severity or categories.
  [[nodiscard]] uint64_t changed() const { return changed_; }
  [[nodiscard]] bool is_exact() const;

 private:
  struct Side {
    std::vector<TrialEpisode> episodes;
    std::unordered_map<std::string, size_t> by_id;  // of episodes
    uint64_t opened = 0, published = 0;
    std::array<uint64_t, static_cast<size_t>(AlertKind::kCount)> by_kind{};
  };
  [[nodiscard]] static size_t index_of(TrialSide side) { return static_cast<size_t>(side); }

  std::array<Side, kTrialSides> sides_;
  std::array<uint64_t, kTrialSides> only_{};
  uint64_t changed_ = 0;
};

}  // namespace weir
