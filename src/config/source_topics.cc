#include "config/source_topics.h"

#include <algorithm>

#include "config/topic_pattern.h"

namespace weir {
namespace {

/// One source's claims, its patterns compiled.
struct Claims {
  std::string source;
  std::vector<std::string> names;
  std::vector<TopicPattern> patterns;

  [[nodiscard]] bool hold(const std::string& topic) const {
    return std::find(names.begin(), names.end(), topic) != names.end() ||
           std::any_of(patterns.begin(), patterns.end(), [&](const auto& item) { return item.matches(topic); });
  }
};

std::vector<Claims> claims_of(const std::vector<SourceConfig>& sources) {
  std::vector<Claims> claims;
  for (const SourceConfig& source : sources) {
    Claims& item = claims.emplace_back();
    item.source = source.name;
    for (const std::string& topic : source.topics) {
      if (!is_topic_pattern(topic)) {
        item.names.push_back(topic);
      } else if (auto pattern = TopicPattern::compile(topic)) {  // those that do not compile were reported
        item.patterns.push_back(std::move(*pattern));
      }
    }
  }
  return claims;
}

std::vector<size_t> holders(const std::vector<Claims>& claims, std::string_view topic) {
  std::vector<size_t> found;
  const std::string name(topic);
  for (size_t i = 0; i < claims.size(); ++i)
    if (claims[i].hold(name)) found.push_back(i);
  return found;
}

std::string remark_on(const std::vector<Claims>& claims, const std::vector<size_t>& holders, std::string_view topic) {
  if (holders.size() < 2) return {};
  const std::string& first = claims[holders.front()].source;
  std::string others;
  for (size_t i = 1; i < holders.size(); ++i)
    others += (i == 1 ? "" : ", ") + claims[holders[i]].source;
  return "topic " + std::string(topic) + " is claimed by source " + first + " and by " + others + ": " + first +
         " stands first in the list and reads it";
}

}  // namespace

std::vector<size_t> claiming_sources(const std::vector<SourceConfig>& sources, std::string_view topic) {
  return holders(claims_of(sources), topic);
}

std::string remark_on_claims(const std::vector<SourceConfig>& sources, std::string_view topic) {
  const auto claims = claims_of(sources);
  return remark_on(claims, holders(claims, topic), topic);
}

TopicTable topic_table(const Config& config) {
  const std::vector<SourceConfig> sources = config.all_sources();
  std::vector<std::string> topics, names;
  for (const SourceConfig& source : sources) {
    names.push_back(source.name);
    for (const std::string& topic : source.topics)
      if (!is_topic_pattern(topic)) topics.push_back(topic);
  }
  return TopicTable(topics, std::move(names),
                    [claims = claims_of(sources)](std::string_view topic) -> std::optional<TopicClaim> {
                      const auto found = holders(claims, topic);
                      if (found.empty()) return std::nullopt;
                      return TopicClaim{static_cast<uint16_t>(found.front()), remark_on(claims, found, topic)};
                    });
}

}  // namespace weir
