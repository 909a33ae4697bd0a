#include "score/attack_story.h"

#include <algorithm>
#include <utility>

namespace weir {
namespace {

constexpr size_t kCategories = static_cast<size_t>(Category::kCount);

/// Calls `visit` with each category of the mask.
template <typename Visit>
void for_each_category(CategoryMask categories, const Visit& visit) {
  for (size_t i = 0; i < kCategories; ++i)
    if ((categories >> i & 1U) != 0) visit(i);
}

uint64_t pair_of(uint32_t host, size_t category) {
  return uint64_t{host} << 8 | category;
}

}  // namespace

AttackStory::Step AttackStory::take(const PackedEvidence& evidence) {
  const EvidenceFacts facts = facts_of(evidence);
  Step step;
  step.is_new = (evidence.categories & ~categories_) != 0;
  categories_ = static_cast<CategoryMask>(categories_ | evidence.categories);
  const Place host = take_host(facts.host_key);
  const auto [route_place, route] = take_route(facts.route_key);
  step.is_new = step.is_new || host == Place::kNew || route_place == Place::kNew;
  if (host == Place::kBeyond || route_place == Place::kBeyond) ++beyond_;

  const OutcomeHistory before{route == nullptr ? 0 : route->answers, route == nullptr ? 0 : route->largest_bytes,
                              refused_};
  step.outcome = outcome_of(facts, evidence.categories, before);
  if (step.outcome == Outcome::kBlocked || step.outcome == Outcome::kFailed)
    refused_ = static_cast<CategoryMask>(refused_ | evidence.categories);
  if (route != nullptr && facts.response_bytes > 0) {
    ++route->answers;
    route->largest_bytes = std::max(route->largest_bytes, facts.response_bytes);
  }
  step.is_new = step.is_new || step.outcome > outcome_;
  outcome_ = std::max(outcome_, step.outcome);
  for_each_category(evidence.categories, [this](size_t category) { ++by_category_[category]; });
  ++by_outcome_[static_cast<size_t>(step.outcome)];
  return step;
}

AttackStory::Place AttackStory::take_host(uint32_t host) {
  if (std::find(hosts_.begin(), hosts_.end(), host) != hosts_.end()) return Place::kKnown;
  if (hosts_.size() == kHostsMax) return Place::kBeyond;
  hosts_.push_back(host);
  return Place::kNew;
}

std::pair<AttackStory::Place, AttackStory::Route*> AttackStory::take_route(uint32_t key) {
  const auto found =
      std::find_if(routes_.begin(), routes_.end(), [key](const Route& route) { return route.key == key; });
  if (found != routes_.end()) return {Place::kKnown, &*found};
  if (routes_.size() == kRoutesMax) return {Place::kBeyond, nullptr};
  return {Place::kNew, &routes_.emplace_back(Route{key, 0, 0})};
}

bool AttackStory::adds_pair(uint32_t host, CategoryMask categories) const {
  bool adds = false;
  for_each_category(categories, [&](size_t category) {
    adds = adds || std::find(pairs_.begin(), pairs_.end(), pair_of(host, category)) == pairs_.end();
  });
  return adds;
}

void AttackStory::add_pairs(uint32_t host, CategoryMask categories) {
  for_each_category(categories, [&](size_t category) {
    const uint64_t pair = pair_of(host, category);
    if (pairs_.size() < kPairsMax && std::find(pairs_.begin(), pairs_.end(), pair) == pairs_.end())
      pairs_.push_back(pair);
  });
}

void AttackStory::shown(const PackedEvidence& evidence) {
  add_pairs(facts_of(evidence).host_key, evidence.categories);
}

size_t AttackStory::keep(const PackedEvidence& evidence, size_t bytes_left) {
  const uint32_t host = facts_of(evidence).host_key;
  const size_t size = evidence.bytes.size();
  if (!adds_pair(host, evidence.categories) || kept_.size() == kKeptMax || pairs_.size() == kPairsMax) return 0;
  if (size > std::min(bytes_left, kKeptBytesMax)) return 0;
  add_pairs(host, evidence.categories);
  kept_.push_back({std::string(evidence.bytes), evidence.layout});
  return size;
}

AttackSummary AttackStory::summary() const {
  return {by_category_, by_outcome_, static_cast<uint32_t>(hosts_.size()), static_cast<uint32_t>(routes_.size()),
          beyond_};
}

std::vector<Evidence> AttackStory::kept() const {
  std::vector<Evidence> all;
  for (const Kept& kept : kept_) {
    PackedEvidence packed;
    packed.bytes = kept.bytes;
    packed.layout = kept.layout;
    all.push_back(unpack_evidence(packed));
  }
  return all;
}

size_t AttackStory::kept_bytes() const {
  size_t bytes = 0;
  for (const Kept& kept : kept_)
    bytes += kept.bytes.size();
  return bytes;
}

void AttackStory::save(BinaryWriter& out) const {
  out.varint(categories_);
  out.varint(refused_);
  out.byte(static_cast<uint8_t>(outcome_));
  for (const uint64_t count : by_category_)
    out.varint(count);
  for (const uint64_t count : by_outcome_)
    out.varint(count);
  out.varint(beyond_);
  out.varint(hosts_.size());
  for (const uint32_t host : hosts_)
    out.varint(host);
  out.varint(routes_.size());
  for (const Route& route : routes_) {
    out.varint(route.key);
    out.varint(route.answers);
    out.varint(route.largest_bytes);
  }
  out.varint(pairs_.size());
  for (const uint64_t pair : pairs_)
    out.varint(pair);
  out.varint(kept_.size());
  for (const Kept& kept : kept_) {
    out.byte(static_cast<uint8_t>(kept.layout));
    out.text(kept.bytes);
  }
}

std::optional<AttackStory> AttackStory::read(BinaryReader& in) {
  AttackStory story;
  story.categories_ = in.number<CategoryMask>();
  story.refused_ = in.number<CategoryMask>();
  story.outcome_ = in.enumerator<Outcome>(kOutcomes);
  for (uint64_t& count : story.by_category_)
    count = in.varint();
  for (uint64_t& count : story.by_outcome_)
    count = in.varint();
  story.beyond_ = in.varint();
  const auto size_below = [&in](size_t limit) {
    const auto size = in.number<uint32_t>();
    return size <= limit ? std::optional<uint32_t>(size) : std::nullopt;
  };
  const auto hosts = size_below(kHostsMax);
  for (uint32_t i = 0; hosts && i < *hosts; ++i)
    story.hosts_.push_back(in.number<uint32_t>());
  const auto routes = hosts ? size_below(kRoutesMax) : std::nullopt;
  for (uint32_t i = 0; routes && i < *routes; ++i) {
    Route& route = story.routes_.emplace_back();
    route.key = in.number<uint32_t>();
    route.answers = in.number<uint32_t>();
    route.largest_bytes = in.varint();
  }
  const auto pairs = routes ? size_below(kPairsMax) : std::nullopt;
  for (uint32_t i = 0; pairs && i < *pairs; ++i)
    story.pairs_.push_back(in.varint());
  const auto kept = pairs ? size_below(kKeptMax) : std::nullopt;
  if (!kept) return std::nullopt;
  for (uint32_t i = 0; i < *kept && in.ok(); ++i) {
    const auto layout = in.enumerator<EvidenceLayout>(kEvidenceLayouts);
    const std::string_view bytes = in.text();
    BinaryReader evidence(bytes);
    if (!in.ok() || !read_packed_evidence(evidence, layout) || evidence.left() != 0) return std::nullopt;
    story.kept_.push_back({std::string(bytes), layout});
  }
  return in.ok() ? std::optional(std::move(story)) : std::nullopt;
}

}  // namespace weir
