#include "workbench/learn/learned_values.h"

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "policy/types/value_check.h"

namespace weir {
namespace {

/// From narrow to wide. Not among them: what fits by chance (a name is a file's name, too) or holds nearly everything.
constexpr std::array kForms{ValueType::kBoolean, ValueType::kInteger, ValueType::kNumber,
                            ValueType::kUuid,    ValueType::kEmail,   ValueType::kString};

constexpr uint32_t kLengthMin = 16;
/// Each value of a list was seen so often at least, or the next request may bring another one.
constexpr uint64_t kEachMin = 10;
constexpr uint64_t kListEvidenceMin = 200;

constexpr uint32_t bit(ValueType type) {
  return uint32_t{1} << static_cast<unsigned>(type);
}

bool is_word(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return is_word_byte(c) || c == '-' || c == '.'; });
}

/// Twice the longest, up to the next power of two.
uint32_t with_room(uint32_t length) {
  uint32_t bound = kLengthMin;
  while (bound < 2 * uint64_t{length} && bound < (1U << 30))
    bound *= 2;
  return bound;
}

}  // namespace

void LearnedValues::add(std::string_view value) {
  ++count_;
  if (value.empty()) {
    ++empty_;
    return;
  }
  length_max_ = std::max(length_max_, static_cast<uint32_t>(std::min<size_t>(value.size(), 1U << 30)));
  for (const ValueType type : kForms) {
    ValueForm form;
    form.type = type;
    if ((fits_ & bit(type)) != 0 && !check_value(value, form).empty()) fits_ &= ~bit(type);
  }
  note(value, 1);
}

void LearnedValues::add(const LearnedValues& other) {
  count_ += other.count_;
  empty_ += other.empty_;
  length_max_ = std::max(length_max_, other.length_max_);
  fits_ &= other.fits_;
  has_many_ = has_many_ || other.has_many_;
  for (const auto& [value, times] : other.distinct_)
    note(value, times);
}

void LearnedValues::note(std::string_view value, uint64_t times) {
  if (has_many_) return;
  if (const auto known = distinct_.find(value); known != distinct_.end()) {
    known->second += times;
  } else if (distinct_.size() < kDistinctMax && value.size() <= kDistinctBytesMax && is_word(value)) {
    distinct_.emplace(value, times);
  } else {
    has_many_ = true;
    distinct_.clear();
  }
}

bool LearnedValues::are_all_there_is() const {
  return !has_many_ && count_ - empty_ >= kListEvidenceMin &&
         std::all_of(distinct_.begin(), distinct_.end(), [](const auto& item) { return item.second >= kEachMin; });
}

ValueForm LearnedValues::form() const {
  ValueForm form;
  if (count_ - empty_ < kEvidenceMin) return form;
  const auto fits = [&](ValueType type) { return (fits_ & bit(type)) != 0; };
  const bool is_count = fits(ValueType::kInteger) || fits(ValueType::kNumber) || fits(ValueType::kBoolean);
  if (!is_count && are_all_there_is()) {
    form.type = ValueType::kEnum;
    for (const auto& [value, times] : distinct_)
      form.values.push_back(value);
    return form;
  }
  const auto narrowest = std::find_if(kForms.begin(), kForms.end(), fits);
  if (narrowest != kForms.end()) form.type = *narrowest;
  if (form.type == ValueType::kString || form.type == ValueType::kAny) form.length_max = with_room(length_max_);
  return form;
}

}  // namespace weir
