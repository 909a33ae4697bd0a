#include "score/report/client_report.h"

#include <algorithm>
#include <bit>

#include "score/client_window.h"

namespace weir {
namespace {

EpisodeReport report_episode(const Episodes& episodes, uint32_t number) {
  const Episode& episode = episodes.at(number);
  EpisodeReport report;
  report.id = episodes.id_of(number);
  report.kind = episode.kind;
  report.severity = episode.severity;
  report.count = episode.count;
  report.first_seen_ms = episode.first_seen_ms;
  report.last_seen_ms = episode.last_seen_ms;
  report.categories = episode.categories;
  if (episode.story) report.outcome = episode.story->outcome();
  report.abuse_reasons = episode.verdict.reasons;
  report.risk_score = episode.verdict.risk_score;
  report.burst_reasons = episode.burst.reasons;
  return report;
}

/// The counts of the newest panes that make a window.
void report_bursts(const Bursts& bursts, const uint32_t* words, ClientReport& report) {
  if (!bursts.options().enabled) return;
  for (uint32_t pane = 0; pane < Bursts::kPanes; ++pane)
    report.burst_window.requests += bursts.requests(words, pane);
  const BurstActivity* activity = bursts.find(words);
  if (activity == nullptr || activity->panes.empty()) return;
  const int64_t oldest = activity->panes.back().number - Bursts::kPanes + 1;
  for (const BurstPane& pane : activity->panes) {
    if (pane.number < oldest) continue;
    report.burst_window.failures += pane.failures.count;
    report.burst_window.errors += pane.errors.count;
    report.burst_window.attacks += pane.attacks.count;
  }
}

}  // namespace

ClientReport report_client(const StateParts& state, const AbuseOptions& abuse, ClientSlot slot) {
  ClientEntry& client = state.clients.entry(slot);
  const uint32_t* const burst_words = state.clients.window(slot) + ClientWindow::words(state.window_requests);
  ClientReport report;
  report.last_ms = client.window_size > 0 ? client.last_ms : client.newest_ms;
  report.newest_ms = client.newest_ms;
  report.window = ClientWindow(client, state.clients.window(slot), state.window_requests).verdict(abuse);
  report.bots = static_cast<uint32_t>(std::popcount(client.bots));
  report_bursts(state.bursts, burst_words, report);

  std::vector<uint32_t> numbers(client.episodes.begin(), client.episodes.end());
  if (const BurstActivity* activity = state.bursts.find(burst_words); activity != nullptr) {
    for (const KnownBurst& burst : activity->bursts)
      numbers.push_back(burst.episode);
  }
  std::sort(numbers.begin(), numbers.end());
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  std::erase(numbers, kNoEpisode);
  std::sort(numbers.begin(), numbers.end(),
            [&](uint32_t a, uint32_t b) { return state.episodes.at(a).sequence < state.episodes.at(b).sequence; });
  for (const uint32_t number : numbers)
    report.episodes.push_back(report_episode(state.episodes, number));
  return report;
}

}  // namespace weir
