#include "lane/sources/source_estimate.h"

#include <algorithm>
#include <limits>
#include <string_view>

#include "base/byte_search.h"

namespace weir {
namespace {

constexpr size_t kFollowingTelling = 4;

int64_t median(std::span<int64_t> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>((values.size() - 1) / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// The time at which the broker took it, if known.
int64_t appended_ms(const SourceEstimate::Record& record) {
  return record.age_ms ? record.time_ms + *record.age_ms : std::numeric_limits<int64_t>::min();
}

/// One time of each client, of the first records.
size_t times_of(std::span<const SourceEstimate::Next> records, std::span<int64_t, SourceEstimate::kClients> times) {
  const auto seen = records.first(std::min(records.size(), times.size()));
  size_t count = 0;
  for (size_t i = 0; i < seen.size(); ++i) {
    const auto same = [&](const SourceEstimate::Next& next) { return next.client_hash == seen[i].client_hash; };
    if (std::none_of(seen.begin(), seen.begin() + static_cast<std::ptrdiff_t>(i), same))
      times[count++] = seen[i].time_ms;
  }
  return count;
}

}  // namespace

bool SourceEstimate::tells(std::span<const Next> following) {
  std::array<int64_t, kClients> times{};
  return times_of(following, times) >= kFollowingTelling;
}

void SourceEstimate::take(const Record& record) {
  const size_t clients = size_;
  slot_of(record.client_hash) = {record, ++taken_};
  if (size_ != clients || taken_ - measured_ >= kMeasuredBy) measure();
}

/// The client's slot, or size_.
size_t SourceEstimate::find(uint64_t client_hash) const {
  const std::string_view bytes(hash_bytes_.data(), hash_bytes_.size());
  const auto byte = static_cast<char>(client_hash);
  for (size_t at = find_near(bytes, byte); at < size_; at = find_near(bytes, byte, at + 1))
    if (slots_[at].record.client_hash == client_hash) return at;
  return size_;
}

/// The client's own, a free one, or the oldest; its record is the newest.
SourceEstimate::Slot& SourceEstimate::slot_of(uint64_t client_hash) {
  size_t slot = find(client_hash);
  if (slot == size_ && size_ < kClients) {
    ++size_;
    older_[slot] = newer_[slot] = kNone;
  } else if (slot == size_) {
    slot = oldest_;
  }
  make_newest(slot);
  hash_bytes_[slot] = static_cast<char>(client_hash);
  return slots_[slot];
}

void SourceEstimate::make_newest(size_t slot) {
  if (slot == newest_) return;
  const auto number = static_cast<uint8_t>(slot);
  const uint8_t older = older_[slot], newer = newer_[slot];
  if (newer != kNone) {  // it has been in the list
    older_[newer] = older;
    (older == kNone ? oldest_ : newer_[older]) = newer;
  }
  older_[slot] = newest_;
  newer_[slot] = kNone;
  (newest_ == kNone ? oldest_ : newer_[newest_]) = number;
  newest_ = number;
}

/// Older clients count no longer.
uint64_t SourceEstimate::least_number() const {
  if (size_ <= kClientsTelling || taken_ <= kCounts) return 0;
  size_t last = newest_;
  for (size_t i = 1; i < kClientsTelling; ++i)
    last = older_[last];
  return std::min(slots_[last].number, taken_ - kCounts);
}

void SourceEstimate::measure() {
  measured_ = taken_;
  const uint64_t least = least_number();
  int64_t appended = std::numeric_limits<int64_t>::min();
  for (size_t i = 0; i < size_; ++i)
    appended = std::max(appended, appended_ms(slots_[i].record));
  std::array<int64_t, kClients> times{};
  size_t count = 0;
  for (size_t i = 0; i < size_; ++i) {
    const Record& record = slots_[i].record;
    const bool is_old = record.age_ms && appended - appended_ms(record) > kAppendedMax.count();
    if (slots_[i].number >= least && !is_old) times[count++] = record.time_ms;
  }
  if (count > 0) measure_ms_ = median(std::span(times).first(count));
}

std::optional<int64_t> SourceEstimate::time_ms() {
  if (size_ == 0) return std::nullopt;
  if (measured_ != taken_) measure();
  return measure_ms_;
}

std::optional<int64_t> SourceEstimate::age_ms() const {
  std::array<int64_t, kClients> ages{};
  size_t count = 0;
  for (size_t i = 0; i < size_; ++i) {
    if (slots_[i].record.age_ms) ages[count++] = *slots_[i].record.age_ms;
  }
  if (count < kClientsTelling) return std::nullopt;
  return median(std::span(ages).first(count));
}

std::optional<int64_t> SourceEstimate::corrected(const Record& record, std::span<const Next> following) const {
  const bool is_near = size_ > 0 && record.time_ms - measure_ms_ <= kAheadMax.count() &&
                       measure_ms_ - record.time_ms <= kBehindMax.count();
  if (is_near) return std::nullopt;  // nearly always
  std::array<int64_t, kClients> times{};
  const auto seen = std::span(times).first(times_of(following, times));
  std::optional<int64_t> now = size_ == 0 ? std::nullopt : std::optional(measure_ms_);
  if (!tells() && seen.size() >= kFollowingTelling) now = median(seen);
  if (!now) return std::nullopt;
  const bool ahead = record.time_ms > *now && record.time_ms - *now > kAheadMax.count();
  const bool behind = record.time_ms<*now&& * now - record.time_ms> kBehindMax.count();
  if ((!ahead && !behind) || is_right(record, seen, ahead)) return std::nullopt;
  return now;
}

/// What speaks for a record that is far ahead of its source or behind it.
bool SourceEstimate::is_right(const Record& record, std::span<const int64_t> following, bool ahead) const {
  if (following.size() >= kFollowingTelling) {
    // Where the source itself makes a leap, what follows makes it too.
    const auto near = std::count_if(following.begin(), following.end(), [&](int64_t time_ms) {
      return ahead ? time_ms >= record.time_ms - kAheadMax.count() : time_ms <= record.time_ms + kBehindMax.count();
    });
    return static_cast<size_t>(near) * 2 >= following.size();
  }
  if (!tells()) return true;
  // A source without traffic for a while leaps as well; but then its records are as old as ever when they are written.
  const auto age = age_ms();
  if (!age || !record.age_ms) return false;
  return ahead ? *record.age_ms >= *age - kAheadMax.count() : *record.age_ms <= *age + kBehindMax.count();
}

}  // namespace weir
