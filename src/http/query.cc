#include "http/query.h"

#include <algorithm>

#include "http/route_path.h"

namespace weir {
namespace {

constexpr size_t kParametersMax = 32;

/// Decoded; an empty text is one, too. A plus sign is a blank here.
std::optional<std::string> decoded(std::string_view text) {
  if (text.empty()) return std::string();
  std::string segment(text);
  for (size_t at = 0; (at = segment.find('+', at)) != std::string::npos;)
    segment.replace(at, 1, "%20");
  return decode_segment(segment);
}

}  // namespace

std::optional<std::vector<std::pair<std::string, std::string>>> parse_query(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> parameters;
  while (!query.empty()) {
    const size_t end = std::min(query.find('&'), query.size());
    const std::string_view part = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    const size_t equals = std::min(part.find('='), part.size());
    auto name = decoded(part.substr(0, equals));
    auto value = decoded(part.substr(std::min(equals + 1, part.size())));
    if (!name || name->empty() || !value || parameters.size() == kParametersMax) return std::nullopt;
    const auto same = [&](const auto& parameter) { return parameter.first == *name; };
    if (std::any_of(parameters.begin(), parameters.end(), same)) return std::nullopt;
    parameters.emplace_back(std::move(*name), std::move(*value));
  }
  return parameters;
}

}  // namespace weir
