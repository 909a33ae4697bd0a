#include "score/correlation/correlation_window.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace weir {
namespace {

constexpr int64_t kNever = std::numeric_limits<int64_t>::min();
/// Values of a percentile fall into classes of this ratio: the percentile is right to 1 %.
constexpr double kClassRatio = 1.02;
constexpr int64_t kClassOfZero = -100'000;

int64_t class_of(double value) {
  if (!(value > 1e-9)) return kClassOfZero;
  return static_cast<int64_t>(std::floor(std::log(value) / std::log(kClassRatio)));
}

double middle_of(int64_t number) {
  if (number == kClassOfZero) return 0;
  return std::pow(kClassRatio, static_cast<double>(number) + 0.5);
}

/// The greatest number that a count can be compared with, and one more: beyond it a count says nothing new.
uint64_t distinct_limit(const CorrelationDefinition& definition) {
  double greatest = 0;
  for (const auto& bound : definition.bounds)
    greatest = std::max(greatest, bound.number);
  return static_cast<uint64_t>(std::min(greatest, Correlation::kDistinctMax)) + 1;
}

}  // namespace

std::optional<double> CorrelationWindow::slide(const CorrelationDefinition& definition, const Record& record,
                                               int64_t newest_ms) {
  const int64_t oldest_ms = newest_ms - definition.timespan_ms;  // not in the window any more
  switch (definition.type) {
    case CorrelationType::kEventCount:
      if (definition.least() <= kExactMax) return slide_times(definition, record.time_ms, oldest_ms);
      return slide_parts(definition, record.time_ms, 1, oldest_ms);
    case CorrelationType::kValueSum:
      return slide_parts(definition, record.time_ms, std::bit_cast<double>(record.value), oldest_ms);
    case CorrelationType::kValueCount:
    case CorrelationType::kTemporal:
      return slide_values(definition, record, oldest_ms);
    case CorrelationType::kTemporalOrdered:
      return slide_order(definition, record);
    case CorrelationType::kValueAverage:
    case CorrelationType::kValuePercentile:
    case CorrelationType::kCount:
      break;
  }
  return std::nullopt;
}

/// Before a sample is added: reuses the places of those that are gone rather than to grow.
void CorrelationWindow::make_room() {
  if (first_ == 0 || samples_.size() < samples_.capacity()) return;
  samples_.erase(samples_.begin(), samples_.begin() + first_);
  first_ = 0;
}

void CorrelationWindow::insert_by_time(const Sample& sample) {
  make_room();
  auto at = samples_.end();
  while (at != samples_.begin() + first_ && (at - 1)->time_ms > sample.time_ms)
    --at;
  samples_.insert(at, sample);
}

void CorrelationWindow::drop_until(int64_t oldest_ms) {
  while (first_ < samples_.size() && samples_[first_].time_ms <= oldest_ms)
    ++first_;
  if (first_ > 16 && first_ > samples_.size() / 2) {
    samples_.erase(samples_.begin(), samples_.begin() + first_);
    first_ = 0;
  }
}

/// The condition holds as soon as the n newest records stand within the timespan, so no more than n times are kept.
std::optional<double> CorrelationWindow::slide_times(const CorrelationDefinition& definition, int64_t time_ms,
                                                     int64_t oldest_ms) {
  const uint64_t least = definition.least();
  insert_by_time({time_ms, 0});
  if (size() > least) ++first_;
  drop_until(oldest_ms);
  if (size() < least) return std::nullopt;
  return static_cast<double>(size());
}

/// Sums by parts of the timespan. A part counts while all of it stands within the timespan.
std::optional<double> CorrelationWindow::slide_parts(const CorrelationDefinition& definition, int64_t time_ms,
                                                     double amount, int64_t oldest_ms) {
  const int64_t part_ms = std::max<int64_t>(1, definition.timespan_ms / kParts);
  const int64_t begin_ms = time_ms - ((time_ms % part_ms) + part_ms) % part_ms;
  make_room();
  auto at = samples_.end();
  while (at != samples_.begin() + first_ && (at - 1)->time_ms > begin_ms)
    --at;
  if (at != samples_.begin() + first_ && (at - 1)->time_ms == begin_ms)
    (at - 1)->value = std::bit_cast<uint64_t>(std::bit_cast<double>((at - 1)->value) + amount);
  else
    samples_.insert(at, {begin_ms, std::bit_cast<uint64_t>(amount)});
  drop_until(oldest_ms);
  double sum = 0;
  for (const Sample* sample = begin(); sample != end(); ++sample)
    sum += std::bit_cast<double>(sample->value);
  if (!holds(definition.bounds, sum)) return std::nullopt;
  return sum;
}

/// Remembers the newest time of a value; of more values than `limit` the one that was seen last the longest ago goes.
void CorrelationWindow::note_value(uint64_t value, int64_t time_ms, uint64_t limit, int64_t oldest_ms) {
  Sample* oldest = nullptr;
  for (Sample& sample : samples_) {
    if (sample.value == value) {
      sample.time_ms = std::max(sample.time_ms, time_ms);
      return;
    }
    if (oldest == nullptr || sample.time_ms < oldest->time_ms) oldest = &sample;
  }
  if (oldest != nullptr && oldest->time_ms <= oldest_ms)
    *oldest = {time_ms, value};
  else if (samples_.size() < limit)
    samples_.push_back({time_ms, value});
  else if (oldest != nullptr && oldest->time_ms < time_ms)
    *oldest = {time_ms, value};
}

std::optional<double> CorrelationWindow::slide_values(const CorrelationDefinition& definition, const Record& record,
                                                      int64_t oldest_ms) {
  const uint64_t least = definition.least();
  if (definition.type == CorrelationType::kTemporal) {
    for (uint64_t sources = record.sources; sources != 0; sources &= sources - 1)
      note_value(static_cast<uint64_t>(std::countr_zero(sources)), record.time_ms, definition.sources, oldest_ms);
  } else {
    note_value(record.value, record.time_ms, least, oldest_ms);
  }
  const auto within = static_cast<uint64_t>(
      std::count_if(begin(), end(), [&](const Sample& sample) { return sample.time_ms > oldest_ms; }));
  if (within < least) return std::nullopt;
  return static_cast<double>(within);
}

/// Per source i the latest time at which a sequence of sources 0 to i began. One record takes a sequence one step further at
/// most, hence the descending order.
std::optional<double> CorrelationWindow::slide_order(const CorrelationDefinition& definition, const Record& record) {
  samples_.resize(definition.sources, {kNever, 0});
  const auto last = static_cast<uint32_t>(definition.sources - 1);
  bool complete = false;
  for (uint32_t i = definition.sources; i-- > 0;) {
    if ((record.sources >> i & 1) == 0) continue;
    const int64_t began_ms = i == 0 ? record.time_ms : samples_[i - 1].time_ms;
    if (began_ms == kNever || record.time_ms < began_ms || record.time_ms - began_ms >= definition.timespan_ms)
      continue;
    samples_[i].time_ms = std::max(samples_[i].time_ms, began_ms);
    complete = complete || i == last;
  }
  if (!complete) return std::nullopt;
  return static_cast<double>(definition.sources);
}

void CorrelationWindow::tumble(const CorrelationDefinition& definition, const Record& record) {
  ++records_;
  switch (definition.type) {
    case CorrelationType::kValueCount:
      note_value(record.value, record.time_ms, distinct_limit(definition), kNever);
      break;
    case CorrelationType::kTemporal:
      for (uint64_t sources = record.sources; sources != 0; sources &= sources - 1)
        note_value(static_cast<uint64_t>(std::countr_zero(sources)), record.time_ms, definition.sources, kNever);
      break;
    case CorrelationType::kValueSum:
    case CorrelationType::kValueAverage:
      sum_ += std::bit_cast<double>(record.value);
      break;
    case CorrelationType::kValuePercentile: {
      const int64_t number = class_of(std::bit_cast<double>(record.value));
      const auto at = std::lower_bound(samples_.begin(), samples_.end(), number,
                                       [](const Sample& sample, int64_t wanted) { return sample.time_ms < wanted; });
      if (at != samples_.end() && at->time_ms == number)
        ++at->value;
      else
        samples_.insert(at, {number, 1});
      break;
    }
    case CorrelationType::kEventCount:
    case CorrelationType::kTemporalOrdered:
    case CorrelationType::kCount:
      break;
  }
}

double CorrelationWindow::total(const CorrelationDefinition& definition) const {
  switch (definition.type) {
    case CorrelationType::kEventCount:
      return static_cast<double>(records_);
    case CorrelationType::kValueCount:
    case CorrelationType::kTemporal:
      return static_cast<double>(size());
    case CorrelationType::kValueSum:
      return sum_;
    case CorrelationType::kValueAverage:
      return records_ == 0 ? 0 : sum_ / static_cast<double>(records_);
    case CorrelationType::kValuePercentile: {
      // The nearest rank: the least value that at least p % of the values do not exceed.
      const double share = definition.percentile / 100 * static_cast<double>(records_);
      const auto rank = std::max<uint64_t>(1, static_cast<uint64_t>(std::ceil(share)));
      uint64_t seen = 0;
      for (const Sample* sample = begin(); sample != end(); ++sample)
        if ((seen += sample->value) >= rank) return middle_of(sample->time_ms);
      return 0;
    }
    case CorrelationType::kTemporalOrdered:
    case CorrelationType::kCount:
      break;
  }
  return 0;
}

void CorrelationWindow::clear() {
  samples_.clear();
  first_ = 0;
  records_ = 0;
  sum_ = 0;
}

CorrelationWindow CorrelationWindow::restored(std::span<const Sample> samples, uint64_t records, double sum) {
  CorrelationWindow window;
  window.samples_.assign(samples.begin(), samples.end());
  window.records_ = records;
  window.sum_ = sum;
  return window;
}

}  // namespace weir
