#include "event/json/json_headers.h"

#include <array>
#include <charconv>
#include <string>

#include "event/values/header_text.h"

namespace weir {
namespace {

namespace dom = simdjson::dom;

constexpr size_t kHeadersMax = 16'384;  // of one list; what follows is not read

/// Where texts that are not in the document are made.
struct Texts {
  JsonText& json;
  Arena& arena;
};

std::string_view text_of(const dom::element& value, Texts& texts) {
  std::string_view text;
  if (value.get(text) == simdjson::SUCCESS) return text;
  if (value.is_null()) return {};
  return texts.json.of(value, texts.arena);
}

// A header of several values is several headers of the name.
void add_values(std::string_view name, const dom::element& value, HeaderSink& headers, Texts& texts) {
  dom::array list;
  if (value.get(list) != simdjson::SUCCESS) {
    if (!value.is_null()) headers.add({name, text_of(value, texts)});
    return;
  }
  size_t count = 0;
  for (const auto item : list) {
    if (++count > kHeadersMax) return;
    if (!item.is_null()) headers.add({name, text_of(item, texts)});
  }
}

bool is_one_of(std::string_view key, std::span<const std::string_view> names) {
  for (const auto name : names)
    if (key.size() == name.size() && equal_without_case(key, name)) return true;
  return false;
}

// {"name": …, "value": …}; false if it has no such members.
bool add_pair(const dom::object& object, HeaderSink& headers, Texts& texts) {
  static constexpr std::array<std::string_view, 3> kNameKeys{"name", "key", "header"};
  static constexpr std::array<std::string_view, 2> kValueKeys{"value", "values"};
  std::string_view name;
  const dom::element* value = nullptr;
  dom::element found;
  for (const auto field : object) {
    std::string_view text;
    if (is_one_of(field.key, kNameKeys) && field.value.get(text) == simdjson::SUCCESS) {
      name = text;
    } else if (is_one_of(field.key, kValueKeys)) {
      found = field.value;
      value = &found;
    }
  }
  if (name.empty() || value == nullptr) return false;
  add_values(name, *value, headers, texts);
  return true;
}

void add_object(const dom::object& object, HeaderSink& headers, Texts& texts) {
  size_t count = 0;
  for (const auto field : object) {
    if (++count > kHeadersMax) return;
    add_values(field.key, field.value, headers, texts);
  }
}

void add_item(const dom::element& item, HeaderSink& headers, Texts& texts) {
  if (dom::object object; item.get(object) == simdjson::SUCCESS) {
    if (!add_pair(object, headers, texts)) add_object(object, headers, texts);
    return;
  }
  if (dom::array pair; item.get(pair) == simdjson::SUCCESS && pair.size() == 2) {
    std::string_view name;
    if (pair.at(0).get(name) == simdjson::SUCCESS) return add_values(name, dom::element(pair.at(1)), headers, texts);
  }
  if (std::string_view line; item.get(line) == simdjson::SUCCESS) add_header_line(line, headers);
}

}  // namespace

bool read_json_headers(const dom::element& value, HeaderSink& headers, JsonText& json, Arena& arena) {
  Texts texts{json, arena};
  if (dom::object object; value.get(object) == simdjson::SUCCESS) {
    if (!add_pair(object, headers, texts)) add_object(object, headers, texts);
    return true;
  }
  dom::array list;
  if (value.get(list) != simdjson::SUCCESS) return false;
  size_t count = 0;
  for (const auto item : list) {
    if (++count > kHeadersMax) break;
    add_item(item, headers, texts);
  }
  return true;
}

}  // namespace weir
