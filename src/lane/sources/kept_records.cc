#include "lane/sources/kept_records.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/assert.h"

namespace weir {
namespace {

/// Every text that an observation borrows: one that is forgotten here points into a batch that is gone.
template <typename Take>
void each_text(Observation& observation, Take take) {
  take(observation.client);
  take(observation.evidence.bytes);
  take(observation.words);
}

}  // namespace

void KeptRecords::begin_batch() {
  while (!runs_.empty() && runs_.front().until <= passed_) {
    observations_ -= runs_.front().observations.size();
    runs_.pop_front();
  }
  if (!runs_.empty()) skip(runs_.front(), passed_);
  from_ = std::min(std::max(from_, passed_), until_);
  go_to(0);
}

void KeptRecords::skip(Run& run, int64_t offset) {
  while (run.observation < run.observations.size() && run.observations[run.observation].at.offset < offset)
    ++run.observation;
  while (run.event < run.events.size() && run.events[run.event].at.offset < offset)
    ++run.event;
  while (run.reject < run.rejected.size() && run.rejected[run.reject].offset < offset)
    ++run.reject;
}

void KeptRecords::go_to(size_t run) {
  cursor_ = {run, 0, 0, 0};
  if (run < runs_.size()) cursor_ = {run, runs_[run].observation, runs_[run].event, runs_[run].reject};
}

void KeptRecords::give(int64_t offset, uint32_t index, AnalyzedBatch& out) {
  WEIR_ASSERT(knows(offset), "only what was kept is given");
  while (offset >= runs_[cursor_.run].until)
    go_to(cursor_.run + 1);
  const Run& run = runs_[cursor_.run];
  for (; cursor_.observation < run.observations.size(); ++cursor_.observation) {
    const Observation& observation = run.observations[cursor_.observation];
    if (observation.at.offset > offset) break;
    if (observation.at.offset == offset) out.observations.push_back(observation);
  }
  for (; cursor_.event < run.events.size(); ++cursor_.event) {
    const CorrelationEvent& event = run.events[cursor_.event];
    if (event.at.offset > offset) break;
    if (event.at.offset == offset) out.correlation_events.push_back(event);
  }
  for (; cursor_.reject < run.rejected.size(); ++cursor_.reject) {
    const Rejected& rejected = run.rejected[cursor_.reject];
    if (rejected.offset > offset) break;
    if (rejected.offset < offset) continue;
    out.rejected.push_back(rejected.record);
    out.rejected.back().index = index;
  }
}

void KeptRecords::keep_all(int64_t from, int64_t until, std::shared_ptr<const void> borrowed) {
  WEIR_ASSERT(empty() || from >= until_, "what is kept follows what was kept before");
  if (empty()) from_ = from;
  until_ = fresh_.until = until;
  fresh_.borrowed = std::move(borrowed);
  own_texts(fresh_);
  observations_ += fresh_.observations.size();
  runs_.push_back(std::exchange(fresh_, {}));
}

/// Copies them: they stand in the arena of a batch that is about to be used again.
void KeptRecords::own_texts(Run& run) {
  size_t size = 0;
  for (Observation& observation : run.observations)
    each_text(observation, [&size](const std::string_view& text) { size += text.size(); });
  for (const CorrelationEvent& event : run.events)
    size += event.group.size();
  run.texts = std::make_unique_for_overwrite<char[]>(size);
  char* to = run.texts.get();
  const auto own = [&to](std::string_view& text) {
    if (text.empty()) return;
    std::memcpy(to, text.data(), text.size());
    text = {to, text.size()};
    to += text.size();
  };
  for (Observation& observation : run.observations)
    each_text(observation, own);
  for (CorrelationEvent& event : run.events)
    own(event.group);
}

std::optional<KeptRecords::Place> KeptRecords::first_after(int64_t time_ms) const {
  for (const Run& run : runs_) {
    for (size_t i = run.observation; i < run.observations.size(); ++i) {
      const Observation& observation = run.observations[i];
      const int64_t at_ms = observation.time.time_since_epoch().count();
      if (observation.at.offset >= passed_ && at_ms > time_ms) return Place{observation.at.offset, at_ms};
    }
  }
  return std::nullopt;
}

}  // namespace weir
