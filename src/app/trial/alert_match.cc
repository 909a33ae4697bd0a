#include "app/trial/alert_match.h"

#include <algorithm>
#include <map>
#include <utility>

namespace weir {
namespace {

std::string subject_of(const Alert& alert) {
  if (alert.kind == AlertKind::kBurst) return alert.client + "\n" + std::to_string(alert.burst.reasons);
  if (!alert.correlation) return alert.client;
  std::string subject = alert.correlation->rule_id;
  for (const auto& [field, value] : alert.correlation->group)
    subject += "\n" + field + "=" + value;
  return subject;
}

TrialEpisode episode_of(const Alert& alert) {
  TrialEpisode episode;
  episode.kind = alert.kind;
  episode.subject = subject_of(alert);
  episode.client = std::string(to_string(alert.client_kind)) + ":" + alert.client;
  episode.alert_id = alert.id;
  episode.first_seen = alert.first_seen;
  if (alert.evidence) {
    episode.target = alert.evidence->host + alert.evidence->path;
    if (!alert.evidence->query.empty()) episode.target += "?" + alert.evidence->query;
    for (const EvidenceHit& hit : alert.evidence->hits)
      episode.rules.push_back(hit.rule_id);
  }
  if (alert.correlation) episode.rules.push_back(alert.correlation->rule_id);
  return episode;
}

bool are_near(const TrialEpisode& a, const TrialEpisode& b) {
  return a.first_seen <= b.last_seen + AlertMatch::kNear && b.first_seen <= a.last_seen + AlertMatch::kNear;
}

using BySubject = std::map<std::pair<AlertKind, std::string_view>, std::vector<TrialEpisode*>>;

BySubject by_subject(std::vector<TrialEpisode>& episodes) {
  BySubject found;
  for (TrialEpisode& episode : episodes)
    found[{episode.kind, episode.subject}].push_back(&episode);
  return found;
}

/// Both in the order of their times.
void match(const std::vector<TrialEpisode*>& current, const std::vector<TrialEpisode*>& candidate) {
  for (size_t a = 0, b = 0; a < current.size() && b < candidate.size();) {
    TrialEpisode &episode = *current[a], &other = *candidate[b];
    if (are_near(episode, other)) {
      episode.is_matched = other.is_matched = true;
      if (episode.other == nullptr) episode.other = &other;
      if (other.other == nullptr) other.other = &episode;
    }
    (episode.last_seen < other.last_seen ? a : b) += 1;
  }
}

}  // namespace

void AlertMatch::take(TrialSide side_name, const Alert& alert) {
  Side& side = sides_[index_of(side_name)];
  ++side.published;
  if (alert.phase == EpisodePhase::kOpened) {
    ++side.opened;
    ++side.by_kind[static_cast<size_t>(alert.kind)];
    if (side.episodes.size() == kEpisodesMax) return;
    side.by_id[alert.episode_id] = side.episodes.size();
    side.episodes.push_back(episode_of(alert));
  }
  const auto found = side.by_id.find(alert.episode_id);
  if (found == side.by_id.end()) return;  // it opened in the lead
  TrialEpisode& episode = side.episodes[found->second];
  episode.count = alert.count;
  episode.severity = alert.severity;
  episode.categories = alert.categories;
  episode.last_seen = std::max(episode.last_seen, std::max(alert.last_seen, alert.first_seen));
  if (alert.phase == EpisodePhase::kClosed) side.by_id.erase(found);
}

void AlertMatch::finish() {
  BySubject current = by_subject(sides_[0].episodes), candidate = by_subject(sides_[1].episodes);
  for (auto& [subject, episodes] : current) {
    if (const auto same = candidate.find(subject); same != candidate.end()) match(episodes, same->second);
  }
  for (size_t i = 0; i < kTrialSides; ++i) {
    const auto& episodes = sides_[i].episodes;
    only_[i] = static_cast<uint64_t>(std::count_if(episodes.begin(), episodes.end(),
                                                   [](const TrialEpisode& episode) { return !episode.is_matched; }));
  }
  for (const TrialEpisode& episode : sides_[1].episodes) {
    const TrialEpisode* other = episode.other;
    if (other != nullptr && (episode.count != other->count || episode.severity != other->severity ||
                             episode.categories != other->categories))
      ++changed_;
  }
}

bool AlertMatch::is_exact() const {
  return std::all_of(sides_.begin(), sides_.end(),
                     [](const Side& side) { return side.episodes.size() == side.opened; });
}

}  // namespace weir
