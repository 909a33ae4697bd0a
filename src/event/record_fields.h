#pragma once

#include <simdjson.h>

#include <bitset>
#include <string_view>
#include <vector>

#include "event/json/json_text.h"
#include "event/json/pointer_table.h"
#include "event/raw_record.h"

namespace weir {

/// The values of one JSON record that a profile points to, gathered in one pass over the record's keys.
class RecordFields final : public RawRecord {
 public:
  RecordFields(const PointerTable& table, std::vector<HeaderPrefix> prefixes);

  /// Forgets the previous record and gathers. A key that stands there twice counts the first time; where the second value
  /// is another text, that is kept in repeated(), so that nothing hides there. Header names are made in the arena.
  void gather(const simdjson::dom::object& record, Arena& arena);

  /// An object or a list that was gathered.
  [[nodiscard]] const simdjson::dom::element& nested(const RawValue& value) const {
    return nested_[static_cast<size_t>(value.number)];
  }

  [[nodiscard]] std::optional<RawValue> first_within(const RawValue& value) const override;
  [[nodiscard]] std::optional<RawValue> only_within(const RawValue& value) const override;
  [[nodiscard]] std::string_view json_text(const RawValue& value, Arena& arena) const override;
  bool read_headers(const RawValue& value, HeaderSink& headers, Arena& arena) const override;

 private:
  void gather_object(const simdjson::dom::object& object, uint16_t node);
  void gather_array(const simdjson::dom::array& array, uint16_t node);
  void take(const PointerTable::Key& key, const simdjson::dom::element& value);
  void take_repeated(const PointerTable::Key& key, const simdjson::dom::element& value);
  void take_header(std::string_view key, const simdjson::dom::element& value);
  RawValue raw_value(const simdjson::dom::element& value);
  RawValue nested_value(const simdjson::dom::element& value);

  const PointerTable& table_;
  KeySequence keys_;
  /// A value that is one header, whatever its key is called.
  struct HeaderSlot {
    uint16_t slot = 0;
    std::string name;
    HeaderPrefix::Of of = HeaderPrefix::Of::kRequest;
  };

  void take_header_values();

  std::vector<HeaderPrefix> prefixes_;
  std::vector<HeaderSlot> header_slots_;
  std::bitset<256> prefix_starts_;  // first bytes of the prefixes
  Arena* arena_ = nullptr;
  mutable JsonText json_;  // only its memory is kept
  std::vector<simdjson::dom::element> nested_;
  std::bitset<PointerTable::kKeysMax> seen_;
};

}  // namespace weir
