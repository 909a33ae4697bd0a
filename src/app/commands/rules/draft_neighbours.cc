#include "app/commands/rules/draft_neighbours.h"

#include <algorithm>
#include <bit>

#include "app/demo/demo_traffic.h"
#include "workbench/flat_profile.h"

namespace weir {
namespace {

constexpr size_t kNearestMax = 32;
constexpr size_t kShippedWanted = 3;  // examples that `weir rules lint` asks for
constexpr size_t kNeighbourRecords = 2'000;
constexpr uint64_t kNeighboursSeed = 18;
constexpr EventTime kGeneratedFrom{Milliseconds(1'736'942'400'000)};

bool says_the_same(const DraftRequest& a, const DraftRequest& b) {
  return a.method == b.method && a.path == b.path && a.query == b.query && a.body == b.body &&
         a.user_agent == b.user_agent && a.cookie == b.cookie;
}

}  // namespace

ClueMask clues_in(Matcher& clues, const Event& event, const DecodedRecord& decoded, Detection& detection) {
  clues.match(event, decoded, detection);
  ClueMask held = 0;
  for (const Hit& hit : detection.hits)
    held |= ClueMask{1} << hit.rule;
  return held;
}

void DraftNeighbours::add(const JudgedRecord& record, const std::string& place) {
  DraftRequest request(record.event);
  if (std::any_of(given_.begin(), given_.end(), [&](const auto& given) { return says_the_same(given, request); })) {
    ++same_;
    return;
  }
  const ClueMask held = clues_in(clues_, record.event, record.decoded, detection_);
  counts_.add(held, place);
  const int near = nearness(request, held);
  keep({near, held, std::move(request), adds_shipped_});
}

/// By what it shares with the requests of the draft: their clues, the path they go to.
int DraftNeighbours::nearness(const DraftRequest& request, ClueMask held) const {
  const bool same_path =
      std::any_of(given_.begin(), given_.end(), [&](const auto& given) { return given.path == request.path; });
  const bool has_text = !request.query.empty() || !request.body.empty();
  return 4 * std::popcount(held) + (same_path ? 2 : 0) + (has_text ? 1 : 0);
}

void DraftNeighbours::keep(Near near) {
  const auto is_nearer = [](const Near& a, const Near& b) {
    return std::pair(!a.is_shipped, a.nearness) > std::pair(!b.is_shipped, b.nearness);
  };
  if (nearest_.size() == kNearestMax && !is_nearer(near, nearest_.back())) return;
  if (std::any_of(nearest_.begin(), nearest_.end(),
                  [&](const Near& other) { return says_the_same(other.request, near.request); }))
    return;
  nearest_.insert(std::upper_bound(nearest_.begin(), nearest_.end(), near, is_nearer), std::move(near));
  if (nearest_.size() > kNearestMax) nearest_.pop_back();
}

Status DraftNeighbours::add_shipped(const std::shared_ptr<const RuleSet>& rules, const std::vector<Rule>& sources) {
  auto judge = RecordJudge::create(flat_profile(), Judgement(rules));
  if (!judge) return tl::unexpected<Error>(judge.error());
  adds_shipped_ = true;
  JudgedRecord record;
  Arena arena;
  const auto look_at = [&](const std::string& text, const std::string& place) {
    arena.clear();
    if (judge->judge_alone(text, arena, record).ok() && !record.detection.malicious) add(record, place);
  };
  for (const Rule& rule : sources)
    for (const RuleExample& example : rule.negative_examples)
      look_at(example.record_json, "a negative example of the rule " + rule.title);
  DemoTraffic traffic(kNeighboursSeed);
  for (size_t i = 0; i < kNeighbourRecords; ++i)
    look_at(traffic.next(kGeneratedFrom + Milliseconds(static_cast<int64_t>(i))), "generated traffic");
  return {};
}

std::vector<DraftRequest> DraftNeighbours::nearest(ClueMask clues, size_t count) const {
  std::vector<DraftRequest> requests;
  for (const Near& near : nearest_) {
    const size_t wanted = near.is_shipped ? std::min(count, kShippedWanted) : count;
    if ((near.held & clues) != clues && requests.size() < wanted) requests.push_back(near.request);
  }
  return requests;
}

}  // namespace weir
