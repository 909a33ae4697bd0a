#include <algorithm>

#include "base/ascii.h"
#include "policy/header_search.h"
#include "policy/query_pairs.h"
#include "policy/request_check.h"
#include "policy/types/value_check.h"

// The parameters of a request against those of its route. Query, form and path are decoded once, as applications do, not in
// rounds as for matching: a value that is wrapped twice has a wrong form. JSON and multipart come from the decoded lines.
namespace weir {
namespace {

std::string_view header_value(const Event& event, std::string_view lower_name) {
  if (lower_name == "host") return event.host;
  if (lower_name == "user-agent") return event.user_agent;
  if (lower_name == "referer") return event.referer;
  if (lower_name == "content-type") return event.content_type;
  const Header* header = find_header(event.headers, lower_name);
  return header == nullptr ? std::string_view() : header->value;
}

/// The log holds less of the body than was sent.
bool is_cut(const Event& event) {
  const Header* length = find_header(event.headers, "content-length");
  if (length == nullptr) return false;
  uint64_t bytes = 0;
  for (const char c : length->value)
    bytes =
        is_ascii_digit(c) ? std::min<uint64_t>(bytes * 10 + static_cast<uint64_t>(c - '0'), uint64_t{1} << 50) : bytes;
  return bytes > event.body.size();
}

}  // namespace

void RequestCheck::check_parameters(const Route& route, const Event& event, const DecodedRecord& record,
                                    const RequestPath& path, std::vector<Violation>& out) {
  seen_.reset();
  const auto wanted = [&](Place place) { return (route.checked_places & mask_of(place)) != 0; };
  const auto wants_pairs = [&](Place place) { return wanted(place) || !route.unknown_parameters; };
  if (wants_pairs(Place::kQuery)) check_pairs(route, Place::kQuery, event.query, out);
  const auto is_form = [&] {
    return std::any_of(record.lines.begin(), record.lines.end(),
                       [](const Line& line) { return line.place == Place::kForm; });
  };
  if (!event.body.empty() && wants_pairs(Place::kForm) && is_form()) check_pairs(route, Place::kForm, event.body, out);
  if (wanted(Place::kCookie)) check_cookies(route, event.cookie, out);
  if (wanted(Place::kHeader)) check_headers(route, event, out);
  if (wanted(Place::kJson) || wanted(Place::kMultipart)) check_lines(route, record, out);
  if (wanted(Place::kPath)) check_path(route, path, out);
  if (wanted(Place::kBody)) check_body(route, event, out);
  if (route.requires_values) check_missing(route, event, out);
}

void RequestCheck::check_one(const Route& route, const ParameterSpec& parameter, Place place, std::string_view value,
                             std::string_view as_sent, std::vector<Violation>& out) {
  seen_[static_cast<size_t>(&parameter - route.parameters.data())] = true;
  // An optional parameter may be left empty, as browsers send forms.
  if (value.empty() && !parameter.required) return;
  const Fault fault = check_value(value.substr(0, kValueBytesMax), parameter.form);
  if (!fault.empty()) add({PolicyRule::kParameterType, place, parameter.name, as_sent, fault}, out);
}

void RequestCheck::check_pairs(const Route& route, Place place, std::string_view text, std::vector<Violation>& out) {
  QueryPair pair;
  while (outcome_ == Outcome::kWhole && take_pair(text, pair)) {
    const std::string_view name = decode_once(pair.name, name_);
    if (const ParameterSpec* parameter = route.find(place, name); parameter != nullptr) {
      check_one(route, *parameter, place, decode_once(pair.value, value_), pair.value, out);
    } else if (!route.unknown_parameters && route.covering(place, name) == nullptr) {
      add({PolicyRule::kParameterUnknown, place, pair.name, pair.value, "not listed for the route"}, out);
    }
  }
}

void RequestCheck::check_cookies(const Route& route, std::string_view text, std::vector<Violation>& out) {
  while (!text.empty()) {
    const size_t end = std::min(text.find(';'), text.size());
    std::string_view pair = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    while (pair.starts_with(' '))
      pair.remove_prefix(1);
    const size_t equals = pair.find('=');
    if (equals == std::string_view::npos) continue;
    const ParameterSpec* parameter = route.find(Place::kCookie, pair.substr(0, equals));
    if (parameter != nullptr)
      check_one(route, *parameter, Place::kCookie, pair.substr(equals + 1), pair.substr(equals + 1), out);
  }
}

void RequestCheck::check_headers(const Route& route, const Event& event, std::vector<Violation>& out) {
  for (const ParameterSpec& parameter : route.parameters) {
    if ((parameter.places & mask_of(Place::kHeader)) == 0) continue;
    const std::string_view value = header_value(event, parameter.name);
    if (!value.empty()) check_one(route, parameter, Place::kHeader, value, value, out);
  }
}

void RequestCheck::check_lines(const Route& route, const DecodedRecord& record, std::vector<Violation>& out) {
  for (const Line& line : record.lines) {
    if (line.place != Place::kJson && line.place != Place::kMultipart) continue;
    if (has(line.steps, DecodeStep::kBase64)) continue;  // a second reading of the line before
    const ParameterSpec* parameter = route.find(line.place, record.name_of(line));
    if (parameter == nullptr) continue;
    // A file's first line is its name, the second its content.
    const bool is_content = line.place == Place::kMultipart && parameter->form.type == ValueType::kFilename &&
                            seen_[static_cast<size_t>(parameter - route.parameters.data())];
    if (!is_content) check_one(route, *parameter, line.place, record.value_of(line), record.value_of(line), out);
  }
}

void RequestCheck::check_path(const Route& route, const RequestPath& path, std::vector<Violation>& out) {
  const size_t count = std::min(route.path_names.size(), path.segments().size());
  for (size_t i = 0; i < count; ++i) {
    if (route.path_names[i].empty()) continue;
    const ParameterSpec* parameter = route.find(Place::kPath, route.path_names[i]);
    if (parameter != nullptr) check_one(route, *parameter, Place::kPath, path.segments()[i], path.segments()[i], out);
  }
}

void RequestCheck::check_body(const Route& route, const Event& event, std::vector<Violation>& out) {
  if (event.body.empty() || is_cut(event)) return;
  for (const ParameterSpec& parameter : route.parameters) {
    if ((parameter.places & mask_of(Place::kBody)) != 0)
      check_one(route, parameter, Place::kBody, event.body, event.body, out);
  }
}

// Bodies and headers are often not logged; what is not there is missing only where the rest of its kind is.
void RequestCheck::check_missing(const Route& route, const Event& event, std::vector<Violation>& out) {
  PlaceMask logged = mask_of(Place::kQuery);
  if (!event.body.empty() && !is_cut(event)) {
    logged |= mask_of(Place::kForm) | mask_of(Place::kJson) | mask_of(Place::kMultipart) | mask_of(Place::kBody);
  }
  if (!event.headers.empty()) logged |= mask_of(Place::kHeader);
  if (!event.cookie.empty()) logged |= mask_of(Place::kCookie);
  for (size_t i = 0; i < route.parameters.size(); ++i) {
    const ParameterSpec& parameter = route.parameters[i];
    if (!parameter.required || seen_[i] || (parameter.places & logged) == 0) continue;
    Place place = Place::kQuery;
    while ((parameter.places & mask_of(place)) == 0)
      place = static_cast<Place>(static_cast<unsigned>(place) + 1);
    add({PolicyRule::kParameterMissing, place, parameter.name, {}, "missing"}, out);
  }
}

}  // namespace weir
