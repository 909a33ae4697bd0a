#include "event/record_fields.h"

#include <charconv>
#include <string>

#include "event/json/json_headers.h"

namespace weir {

namespace dom = simdjson::dom;

namespace {

// More than the decoder takes of one record: it counts what it leaves out.
constexpr size_t kHeaderKeysMax = 16'384;
constexpr size_t kRepeatedMax = 16'384;

RawValue of_number(RawValue::Kind kind, int64_t number) {
  RawValue value;
  value.kind = kind;
  value.number = number;
  return value;
}

// Of everything that is no object and no list.
std::optional<RawValue> plain_value(const dom::element& value) {
  switch (value.type()) {
    case dom::element_type::STRING:
      return RawValue::of_text(std::string_view(value));
    case dom::element_type::INT64:
      return of_number(RawValue::Kind::kInteger, int64_t(value));
    case dom::element_type::UINT64:
      return of_number(RawValue::Kind::kUnsigned, static_cast<int64_t>(uint64_t(value)));
    case dom::element_type::DOUBLE: {
      RawValue real;
      real.kind = RawValue::Kind::kReal;
      real.real = double(value);
      return real;
    }
    case dom::element_type::BOOL:
      return of_number(RawValue::Kind::kBoolean, bool(value) ? 1 : 0);
    default:
      return std::nullopt;
  }
}

}  // namespace

RecordFields::RecordFields(const PointerTable& table, std::vector<HeaderPrefix> prefixes)
    : table_(table), keys_(table) {
  static_assert(PointerTable::kPointersMax <= kSlotsMax);
  for (auto& [prefix, of] : prefixes) {
    if (prefix.starts_with('/')) {
      header_slots_.push_back({table.slot_of(prefix), prefix.substr(prefix.rfind('/') + 1), of});
    } else if (!prefix.empty()) {
      prefix_starts_.set(static_cast<unsigned char>(prefix.front()));
      prefixes_.push_back({std::move(prefix), of});
    }
  }
}

void RecordFields::gather(const dom::object& record, Arena& arena) {
  clear();
  keys_.begin_record();
  seen_.reset();
  nested_.clear();
  arena_ = &arena;
  gather_object(record, PointerTable::kRoot);
  take_header_values();
}

void RecordFields::take_header_values() {
  for (const auto& [slot, name, of] : header_slots_) {
    const RawValue* value = at(slot);
    if (value == nullptr || !value->is_text() || is_absent(value->text)) continue;
    (of == HeaderPrefix::Of::kRequest ? request_headers_ : response_headers_).push_back({name, value->text});
  }
}

// Recursion is bounded by the parts of a pointer (PointerTable::kTokensMax), not by the record.
void RecordFields::gather_object(const dom::object& object, uint16_t node) {
  for (const auto field : object) {
    const auto* key = keys_.find(node, field.key);
    if (key == nullptr) {
      if (node == PointerTable::kRoot && !field.key.empty() &&
          prefix_starts_.test(static_cast<unsigned char>(field.key.front())))
        take_header(field.key, field.value);
    } else if (seen_.test(key->id)) {
      take_repeated(*key, field.value);
    } else {
      take(*key, field.value);
    }
  }
}

void RecordFields::gather_array(const dom::array& array, uint16_t node) {
  constexpr size_t kElementsMax = 64;  // pointers into arrays name one of the first few
  char digits[8];
  size_t index = 0;
  for (const auto value : array) {
    if (index == kElementsMax) break;
    const auto end = std::to_chars(digits, digits + sizeof digits, index++).ptr;
    const auto* key = table_.find(node, std::string_view(digits, static_cast<size_t>(end - digits)));
    if (key != nullptr) take(*key, value);
  }
}

RawValue RecordFields::raw_value(const dom::element& value) {
  const auto plain = plain_value(value);
  return plain ? *plain : nested_value(value);
}

RawValue RecordFields::nested_value(const dom::element& value) {
  nested_.push_back(value);
  return of_number(RawValue::Kind::kNested, static_cast<int64_t>(nested_.size() - 1));
}

void RecordFields::take(const PointerTable::Key& key, const dom::element& value) {
  seen_.set(key.id);
  // Nearly every value is a text; those have no children and take the short way.
  if (std::string_view text; value.get(text) == simdjson::SUCCESS) [[likely]] {
    if (key.slot != PointerTable::kNone) set_text(key.slot, text);
    return;
  }
  if (int64_t number; value.get(number) == simdjson::SUCCESS) {
    if (key.slot != PointerTable::kNone) set_number(key.slot, RawValue::Kind::kInteger, number);
    return;
  }
  if (value.is_null()) return;
  if (const auto plain = plain_value(value)) {
    if (key.slot != PointerTable::kNone) set(key.slot, *plain);
    return;
  }
  if (key.slot != PointerTable::kNone) set(key.slot, nested_value(value));
  if (key.child == PointerTable::kNone) return;
  if (dom::object object; value.get(object) == simdjson::SUCCESS) return gather_object(object, key.child);
  if (dom::array array; value.get(array) == simdjson::SUCCESS) return gather_array(array, key.child);
}

void RecordFields::take_repeated(const PointerTable::Key& key, const dom::element& value) {
  if (key.slot == PointerTable::kNone && key.child == PointerTable::kNone) return;
  if (repeated_.size() == kRepeatedMax || value.is_null()) return;
  const auto text = raw_value(value);
  const RawValue* first = key.slot == PointerTable::kNone ? nullptr : at(key.slot);
  if (key.slot != PointerTable::kNone && first == nullptr) return set(key.slot, text);  // the first one was null
  if (text.is_text()) {
    if (first == nullptr || !first->is_text() || first->text != text.text) repeated_.push_back({key.text, text.text});
  } else if (text.kind == RawValue::Kind::kNested) {
    repeated_.push_back({key.text, json_text(text, *arena_)});
  }
}

// "http_x_api_version" is the header x-api-version.
void RecordFields::take_header(std::string_view key, const dom::element& value) {
  std::string_view text;
  if (value.get(text) != simdjson::SUCCESS || is_absent(text)) return;
  for (const auto& [prefix, of] : prefixes_) {
    if (!key.starts_with(prefix) || key.size() == prefix.size()) continue;
    auto& headers = of == HeaderPrefix::Of::kRequest ? request_headers_ : response_headers_;
    if (headers.size() == kHeaderKeysMax) return;
    std::string_view name = key.substr(prefix.size());
    if (name.find('_') != std::string_view::npos) name = arena_->copy_with(name, '_', '-');
    headers.push_back({name, text});
    return;
  }
}

std::optional<RawValue> RecordFields::first_within(const RawValue& value) const {
  if (value.kind != RawValue::Kind::kNested) return std::nullopt;
  const dom::element& element = nested(value);
  if (dom::array array; element.get(array) == simdjson::SUCCESS) {
    for (const auto item : array) {
      const auto plain = plain_value(item);
      if (plain && !(plain->is_text() && is_absent(plain->text))) return plain;
    }
  }
  return std::nullopt;
}

std::optional<RawValue> RecordFields::only_within(const RawValue& value) const {
  if (value.kind != RawValue::Kind::kNested) return std::nullopt;
  dom::object object;
  if (nested(value).get(object) != simdjson::SUCCESS) return first_within(value);
  return object.size() == 1 ? plain_value((*object.begin()).value) : std::nullopt;
}

std::string_view RecordFields::json_text(const RawValue& value, Arena& arena) const {
  if (value.kind != RawValue::Kind::kNested) return {};
  return json_.of(nested(value), arena);
}

bool RecordFields::read_headers(const RawValue& value, HeaderSink& headers, Arena& arena) const {
  return value.kind == RawValue::Kind::kNested && read_json_headers(nested(value), headers, json_, arena);
}

}  // namespace weir
