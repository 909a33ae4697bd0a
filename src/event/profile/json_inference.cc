#include "event/profile/json_inference.h"

#include <simdjson.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/ascii.h"
#include "event/json/json_reader.h"
#include "event/json/near_json.h"

namespace weir {
namespace {

namespace dom = simdjson::dom;

constexpr size_t kKeysMax = 300;  // of all records; further ones are not looked at
constexpr size_t kDepthMax = 6;

std::string escaped(std::string_view key) {
  std::string token;
  for (const char c : key) {
    if (c == '~') {
      token += "~0";
    } else if (c == '/') {
      token += "~1";
    } else {
      token += c;
    }
  }
  return token;
}

bool is_called_headers(std::string_view key) {
  std::string name;
  for (const char c : key)
    if (is_ascii_letter(c)) name += to_lower(c);
  return name == "headers" || name == "requestheaders" || name == "reqheaders" || name == "httpheaders";
}

/// The keys of all records, with what stands there.
class Keys {
 public:
  void look_at(const dom::object& object, const std::string& place, size_t depth) {
    for (const auto field : object) {
      const std::string at = place + "/" + escaped(field.key);
      dom::object inner;
      if (field.value.get(inner) == simdjson::SUCCESS) {
        if (is_called_headers(field.key) && headers.empty()) headers = at;
        if (depth < kDepthMax && at != headers) look_at(inner, at, depth + 1);
        continue;
      }
      dom::array list;
      if (field.value.get(list) == simdjson::SUCCESS) {
        if (is_called_headers(field.key) && headers.empty()) headers = at;
        continue;
      }
      if (auto* facts = column(at)) facts->add(text_of(field.value));
    }
  }

  std::vector<ColumnFacts> columns;
  std::string headers;  ///< where an object or list of request headers stands; empty: nowhere

 private:
  static std::string text_of(const dom::element& value) {
    std::string_view text;
    if (value.get(text) == simdjson::SUCCESS) return std::string(text);
    return value.is_number() ? simdjson::minify(value) : std::string{};
  }
  ColumnFacts* column(const std::string& place) {
    const auto at =
        std::find_if(columns.begin(), columns.end(), [&](const ColumnFacts& column) { return column.place == place; });
    if (at != columns.end()) return &*at;
    if (columns.size() == kKeysMax) return nullptr;
    columns.push_back({.name = {}, .place = place});
    return &columns.back();
  }
};

Keys keys_of(std::span<const std::string_view> lines) {
  Keys keys;
  JsonReader reader(64);
  JsonDocument document;
  for (const auto line : lines) {
    const size_t at = find_json_object(line);
    if (at == std::string_view::npos) continue;
    const auto loaded = reader.load(line.substr(at), document);
    dom::object object;
    if (loaded.reason == RejectReason::kNone && loaded.root.get(object) == simdjson::SUCCESS)
      keys.look_at(object, "", 1);
  }
  return keys;
}

// A key that a client's header has the value of, in a field of its own: x_api_version, http_x_tenant.
bool is_named_like_a_header(std::string_view place) {
  const auto key = place.substr(place.rfind('/') + 1);
  for (const std::string_view prefix : {"http_", "x_", "x-", "X-", "HTTP_"})
    if (key.starts_with(prefix)) return true;
  return false;
}

}  // namespace

std::optional<InputProfile> infer_json_form(std::span<const std::string_view> lines, const KnownNames& names) {
  const Keys keys = keys_of(lines);
  const auto fields = fields_of_columns(keys.columns, names);
  InputProfile profile;
  for (size_t i = 0; i < fields.size(); ++i) {
    const ColumnFacts& column = keys.columns[i];
    if (fields[i] == kFieldCount) {
      const bool could_be_text = column.values > 0 && !column.mostly(column.numbers);
      if (could_be_text && is_named_like_a_header(column.place))
        profile.header_prefixes.push_back({column.place, HeaderPrefix::Of::kRequest});
      continue;
    }
    (profile.*profile_fields()[fields[i]].mapping).pointers.push_back(column.place);
    if (fields[i] == kFieldDuration && column.fractions > 0) profile.duration_unit = DurationUnit::kSeconds;
  }
  if (!keys.headers.empty()) profile.headers.pointers.push_back(keys.headers);
  if (profile.target.pointers.empty() && profile.path.pointers.empty()) return std::nullopt;
  if (!profile.validate()) return std::nullopt;  // more keys than a profile can have
  return profile;
}

}  // namespace weir
