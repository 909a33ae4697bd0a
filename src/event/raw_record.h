#pragma once

#include <array>
#include <bitset>
#include <optional>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "event/input_profile.h"
#include "event/values/header_list.h"
#include "event/values/raw_value.h"

namespace weir {

/// A place where a field may stand, and what a number there means.
struct Candidate {
  uint16_t slot = 0;
  DurationUnit unit = DurationUnit::kMilliseconds;
  TimestampFormat time_format = TimestampFormat::kAuto;
};

/// Per field, where it may stand, in the order of preference.
using Candidates = std::array<std::vector<Candidate>, kFieldCount>;

/// The values of one request by slot, whatever form the record has. Filled by a reader of that form, read by EventBuilder.
/// All views live as long as the storage that the reader read into.
class RawRecord {
 public:
  static constexpr size_t kSlotsMax = 512;

  virtual ~RawRecord() = default;

  /// The value at a slot, or null if there is none.
  [[nodiscard]] const RawValue* at(uint16_t slot) const { return present_.test(slot) ? &values_[slot] : nullptr; }

  /// Headers that stood in keys or fields of their own, and texts of keys that stood there twice, by that key.
  [[nodiscard]] const std::vector<Header>& request_headers() const { return request_headers_; }
  [[nodiscard]] const std::vector<Header>& response_headers() const { return response_headers_; }
  [[nodiscard]] const std::vector<Header>& repeated() const { return repeated_; }

  /// The first plain value in a list; nothing if there is none.
  [[nodiscard]] virtual std::optional<RawValue> first_within(const RawValue&) const { return std::nullopt; }
  /// The same, or the value of an object with one member ({"$date": …}).
  [[nodiscard]] virtual std::optional<RawValue> only_within(const RawValue& value) const { return first_within(value); }
  /// An object or list as JSON text, in the arena.
  [[nodiscard]] virtual std::string_view json_text(const RawValue&, Arena&) const { return {}; }
  /// Calls `headers.add` for all that an object, a list or JSON text of headers holds. False: it is none.
  virtual bool read_headers(const RawValue&, HeaderSink&, Arena&) const { return false; }

 protected:
  RawRecord() : values_(kSlotsMax) {}

  void clear() {
    present_.reset();
    request_headers_.clear();
    response_headers_.clear();
    repeated_.clear();
  }
  void set_text(uint16_t slot, std::string_view text) {
    values_[slot].kind = RawValue::Kind::kText;
    values_[slot].text = text;
    present_.set(slot);
  }
  void set_number(uint16_t slot, RawValue::Kind kind, int64_t number) {
    values_[slot].kind = kind;
    values_[slot].text = {};  // of an earlier record: its bytes may be gone
    values_[slot].number = number;
    present_.set(slot);
  }
  void set(uint16_t slot, const RawValue& value) {
    values_[slot] = value;
    present_.set(slot);
  }

  std::vector<RawValue> values_;
  std::bitset<kSlotsMax> present_;
  std::vector<Header> request_headers_, response_headers_, repeated_;
};

}  // namespace weir
