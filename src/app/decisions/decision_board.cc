#include "app/decisions/decision_board.h"

#include <algorithm>
#include <tuple>

#include "app/decisions/stored_decision.h"
#include "score/decisions/decision_message.h"

namespace weir {
namespace {

std::pair<std::string, std::string> subject_of(const Decision& decision) {
  return {std::string(scope_of(decision)), decision.subject};
}

uint8_t bit_of(DecisionAction action) {
  return static_cast<uint8_t>(1U << static_cast<unsigned>(action));
}

}  // namespace

DecisionBoard::Taken DecisionBoard::take(std::string_view key, std::string_view value) {
  std::optional<Decision> decision;
  if (!value.empty()) {
    decision = parse_decision(value);
    if (!decision || decision_key(*decision) != key) return Taken::kUnreadable;
  }
  const auto known = decisions_.find(key);
  if (decision && known == decisions_.end() && decisions_.size() >= kDecisionsMax) return Taken::kNoRoom;
  if (decision && known != decisions_.end() && known->second == *decision) return Taken::kYes;
  if (known != decisions_.end()) remove(known);
  if (!decision) return Taken::kYes;
  const SubjectKey subject = subject_of(*decision);
  touch(subject).keys.emplace(key);
  ends_.emplace(decision->until_ms, key);
  decisions_.emplace(key, std::move(*decision));
  settle(subject);
  return Taken::kYes;
}

void DecisionBoard::remove(std::map<std::string, Decision, std::less<>>::iterator decision) {
  const SubjectKey key = subject_of(decision->second);
  touch(key).keys.erase(decision->first);
  ends_.erase({decision->second.until_ms, decision->first});
  decisions_.erase(decision);
  settle(key);
}

void DecisionBoard::expire(EventTime now) {
  while (!ends_.empty() && ends_.begin()->first <= now.time_since_epoch().count())
    remove(decisions_.find(ends_.begin()->second));
}

std::optional<EventTime> DecisionBoard::next_end() const {
  if (ends_.empty()) return std::nullopt;
  return EventTime(Milliseconds(ends_.begin()->first));
}

const Decision* DecisionBoard::strictest(const Subject& subject) const {
  const Decision* found = nullptr;
  for (const std::string& key : subject.keys) {
    const Decision& decision = decisions_.find(key)->second;
    if (decision.is_simulated) continue;
    const auto rank = [](const Decision& item) { return std::tie(item.action, item.until_ms); };
    if (found == nullptr || rank(*found) < rank(decision)) found = &decision;
  }
  return found;
}

DecisionBoard::Subject& DecisionBoard::touch(const SubjectKey& key) {
  Subject& subject = subjects_[key];
  if (subject.sequence != 0) {
    by_sequence_.erase(subject.sequence);
    if (subject.keys.empty()) --ended_count_;
  }
  if (const Decision* before = strictest(subject)) {
    subject.told = static_cast<uint8_t>(subject.told | bit_of(before->action));
    --enforced_count_;
  }
  subject.sequence = ++sequence_;
  by_sequence_.emplace(subject.sequence, key);
  return subject;
}

/// After a subject has changed. Of what has ended the oldest is forgotten when it becomes too much.
void DecisionBoard::settle(const SubjectKey& key) {
  const Subject& subject = subjects_.at(key);
  if (strictest(subject) != nullptr) ++enforced_count_;
  if (subject.keys.empty()) ++ended_count_;
  for (auto oldest = by_sequence_.begin(); ended_count_ > kEndedMax;) {
    const auto found = subjects_.find(oldest->second);
    if (!found->second.keys.empty()) {
      ++oldest;
      continue;
    }
    forgotten_ = std::max(forgotten_, oldest->first);
    subjects_.erase(found);
    oldest = by_sequence_.erase(oldest);
    --ended_count_;
  }
}

void DecisionBoard::each(const std::function<void(const Decision&)>& visit) const {
  for (const auto& [key, subject] : subjects_)
    for (const std::string& name : subject.keys)
      visit(decisions_.find(name)->second);
}

void DecisionBoard::each_enforced(const std::function<void(const Decision&)>& visit) const {
  for (const auto& [key, subject] : subjects_)
    if (const Decision* decision = strictest(subject)) visit(*decision);
}

const Decision* DecisionBoard::enforced(std::string_view scope, std::string_view value) const {
  const auto found = subjects_.find({std::string(scope), std::string(value)});
  return found == subjects_.end() ? nullptr : strictest(found->second);
}

void DecisionBoard::tell(const SubjectKey& key, const Subject& subject, Changes& changes) const {
  for (const auto action : {DecisionAction::kThrottle, DecisionAction::kCaptcha, DecisionAction::kBan})
    if ((subject.told & bit_of(action)) != 0) changes.ended.push_back({key.first, key.second, action});
  if (const Decision* decision = strictest(subject)) changes.added.push_back(decision);
}

DecisionBoard::Changes DecisionBoard::changes_since(std::optional<uint64_t> place) const {
  Changes changes;
  const bool is_all = !place || *place < forgotten_ || *place > sequence_;
  for (auto change = by_sequence_.upper_bound(is_all ? 0 : *place); change != by_sequence_.end(); ++change)
    tell(change->second, subjects_.at(change->second), changes);
  return changes;
}

}  // namespace weir
