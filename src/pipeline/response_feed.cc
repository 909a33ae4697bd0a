#include "pipeline/response_feed.h"

#include "base/binary_format.h"

namespace weir {
namespace {

constexpr int64_t kDayMs = 86'400'000;

CorrelationDefinition definition_of(Level level) {
  CorrelationDefinition definition;
  definition.id = "4f1d1c3e-6a0b-5f0e-9a55-0b7d6c1e2f84";
  definition.title = "Response headers missing or revealing";
  definition.tags = {"weir.response_headers", "attack.t1592", "cwe.693"};
  definition.level = level;
  definition.type = CorrelationType::kEventCount;
  definition.bounds = {{CorrelationOperator::kGreaterEqual, 1}};
  definition.timespan_ms = kDayMs;
  definition.group_by = {"route", "headers"};
  definition.set_hash();
  return definition;
}

int64_t day_of(EventTime time) {
  const int64_t ms = time.time_since_epoch().count();
  return ms >= 0 ? ms / kDayMs : -((kDayMs - 1 - ms) / kDayMs);
}

}  // namespace

ResponseFeed::ResponseFeed(const Policy* policy, const SipHashKey& key) : policy_(policy), key_(key) {
  if (policy_ == nullptr) return;
  told_.resize(policy_->routes().size());
  for (const Route& route : policy_->routes()) {
    auto& definition = definitions_.at(static_cast<size_t>(route.alert));
    if (route.alert != Level::kInformational && definition == nullptr)
      definition = std::make_unique<const CorrelationDefinition>(definition_of(route.alert));
  }
}

void ResponseFeed::take(size_t route, ResponseFaults faults, const Observation& observation, Arena& arena,
                        std::vector<CorrelationEvent>& out) {
  if (faults == 0 || policy_ == nullptr || policy_->routes()[route].alert == Level::kInformational) return;
  Told& told = told_[route];
  const int64_t day = day_of(observation.time);
  if (day < told.day) return;
  if (day > told.day) told = {day, 0};
  const auto fresh = static_cast<ResponseFaults>(faults & ~told.faults);
  if (fresh == 0) return;
  told.faults = static_cast<ResponseFaults>(told.faults | fresh);
  const std::string& name = policy_->routes()[route].name;
  for (unsigned i = 0; i < kResponseFaults; ++i) {
    if ((fresh >> i & 1U) == 0) continue;
    text_.clear();
    BinaryWriter writer(text_);
    writer.text(name.empty() ? "all other paths" : name);
    writer.text(kBitNamesOf<ResponseFault>[i]);
    CorrelationEvent event;
    event.definition = definitions_.at(static_cast<size_t>(policy_->routes()[route].alert)).get();
    event.group = arena.copy(text_);
    event.group_hash = siphash(key_, "response" + text_);
    event.sources = 1;
    event.time = observation.time;
    event.at = observation.at;
    event.client_kind = ClientKind::kAddress;  // and none: whoever asked has nothing to do with it
    out.push_back(event);
  }
}

}  // namespace weir
