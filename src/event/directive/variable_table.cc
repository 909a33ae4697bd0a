#include "event/directive/variable_table.h"

#include <algorithm>
#include <array>

#include "base/ascii.h"

namespace weir {
namespace {

struct HeaderField {
  std::string_view name;
  ProfileFieldIndex field;
  std::string_view example;
};

// Request headers that are fields of the event. The host that the server decided on ranks before the header.
constexpr std::array kHeaderFields{
    HeaderField{"user-agent", kFieldUserAgent, "Mozilla/5.0"},
    HeaderField{"referer", kFieldReferer, "https://example.org/"},
    HeaderField{"cookie", kFieldCookie, "session=1"},
    HeaderField{"host", kFieldHost, "www.example.com"},
    HeaderField{":authority", kFieldHost, "www.example.com"},
    HeaderField{"content-type", kFieldContentType, "text/plain"},
    HeaderField{"x-forwarded-for", kFieldForwardedFor, "198.51.100.7"},
    HeaderField{"x-forwarded-proto", kFieldScheme, "https"},
    HeaderField{"x-api-key", kFieldApiKey, "-"},
    HeaderField{"x-request-id", kFieldRequestId, "4f1a"},
};

constexpr uint8_t kHeaderRank = 5;  // behind what the server itself says

// Whether one insertion, deletion or replacement makes them equal.
bool is_one_letter_off(std::string_view a, std::string_view b) {
  if (a.size() > b.size()) std::swap(a, b);
  if (b.size() - a.size() > 1) return false;
  const size_t same = static_cast<size_t>(
      std::mismatch(a.begin(), a.end(), b.begin(), b.begin() + static_cast<long>(a.size())).first - a.begin());
  const size_t skip = a.size() == b.size() ? 1 : 0;
  return a != b && a.substr(std::min(same + skip, a.size())) == b.substr(same + 1);
}

std::string_view example_of(ProfileFieldIndex field) {
  switch (field) {
    case kFieldClientIp:
      return "192.0.2.10";
    case kFieldMethod:
      return "GET";
    case kFieldScheme:
      return "https";
    case kFieldHost:
      return "www.example.com";
    case kFieldTarget:
      return "/search?q=shoes";
    case kFieldPath:
      return "/search";
    case kFieldQuery:
      return "q=shoes";
    case kFieldStatus:
      return "200";
    case kFieldDuration:
      return "12";
    case kFieldRequestBytes:
      return "310";
    case kFieldResponseBytes:
      return "5120";
    case kFieldRequestId:
      return "4f1a";
    default:
      return "-";
  }
}

}  // namespace

const VariableRow* find_variable(std::span<const VariableRow> table, std::string_view name) {
  const auto row =
      std::find_if(table.begin(), table.end(), [&](const VariableRow& entry) { return entry.name == name; });
  return row == table.end() ? nullptr : &*row;
}

DirectiveVariable variable_of(const VariableRow& row, std::string_view written, TextEscape escape) {
  DirectiveVariable variable;
  variable.name = std::string(written);
  variable.field.use = row.use;
  variable.field.field = row.field;
  variable.field.escape = escape;
  variable.field.unit = row.unit;
  variable.field.time_format = row.time_format;
  variable.time = std::string(row.time);
  variable.rank = row.rank;
  variable.example = std::string(row.example.empty() ? example_of(row.field) : row.example);
  variable.is_line = row.example == kRequestLineExample;
  return variable;
}

DirectiveVariable skipped_variable(std::string_view written) {
  return variable_of(VariableRow{}, written, TextEscape::kNone);
}

DirectiveVariable request_header_variable(std::string_view name, std::string_view written, TextEscape escape) {
  const std::string wanted = lower_case(name);
  for (const auto& header : kHeaderFields) {
    if (header.name != wanted) continue;
    auto variable =
        variable_of({wanted, TextUse::kField, header.field, kHeaderRank, {}, {}, {}, header.example}, written, escape);
    variable.field.header = wanted;  // what it is where another variable fills the field
    return variable;
  }
  auto variable = variable_of({wanted, TextUse::kRequestHeader}, written, escape);
  variable.field.header = wanted;
  return variable;
}

DirectiveVariable response_header_variable(std::string_view name, std::string_view written, TextEscape escape) {
  auto variable = variable_of({name, TextUse::kResponseHeader}, written, escape);
  variable.field.header = lower_case(name);
  return variable;
}

std::string_view nearest_variable(std::span<const VariableRow> table, std::string_view name) {
  for (const auto& row : table) {
    if (row.name.size() > 3 && is_one_letter_off(name, row.name)) return row.name;
  }
  return {};
}

}  // namespace weir
