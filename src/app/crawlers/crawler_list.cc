#include "app/crawlers/crawler_list.h"

#include <algorithm>

#include "base/ascii.h"
#include "event/values/timestamp.h"

namespace weir {
namespace {

bool contains_ignoring_case(std::string_view text, std::string_view word) {
  const auto same = [](char a, char b) { return to_lower(a) == to_lower(b); };
  return std::search(text.begin(), text.end(), word.begin(), word.end(), same) != text.end();
}

std::vector<std::string> agents_of(const AlertView& alert) {
  std::vector<std::string> agents{alert.text("/evidences/0/http_request/user_agent", "/user_agent/original")};
  const auto* list = alert.at("/unmapped/weir/made_of/agents/values", "/weir/made_of/agents/values");
  if (list == nullptr || !list->is_array()) return agents;
  for (const auto& item : *list)
    if (item.is_object()) agents.push_back(item.value("value", ""));
  return agents;
}

/// The next word of a line.
std::string_view take_word(std::string_view& line) {
  const size_t begin = std::min(line.find_first_not_of(" \t"), line.size());
  const size_t end = std::min(line.find_first_of(" \t\r", begin), line.size());
  const std::string_view word = line.substr(begin, end - begin);
  line.remove_prefix(end);
  return word;
}

}  // namespace

std::optional<IpAddress> CrawlerIdentity::claimed_by(const AlertView& alert) const {
  const auto address = IpAddress::parse(alert.address());
  if (!address || address->is_unspecified()) return std::nullopt;
  const auto agents = agents_of(alert);
  const bool is_claimed = std::any_of(agents.begin(), agents.end(),
                                      [&](const std::string& text) { return contains_ignoring_case(text, agent); });
  return is_claimed ? address : std::nullopt;
}

bool CrawlerIdentity::owns(std::string_view name) const {
  return std::any_of(domains.begin(), domains.end(), [&](const std::string& domain) {
    return name == domain ||
           (name.size() > domain.size() && name.ends_with(domain) && name[name.size() - domain.size() - 1] == '.');
  });
}

CrawlerVerdict verify(const CrawlerIdentity& crawler, const IpAddress& address, NameResolver& resolver,
                      std::string& name) {
  const auto names = resolver.names_of(address);
  if (names.answer == NameAnswer::kNoAnswer) return CrawlerVerdict::kUnknown;
  name = names.names.empty() ? std::string() : names.names.front();
  bool is_unknown = false;
  for (const std::string& text : names.names) {
    if (!crawler.owns(text)) continue;
    const auto forward = resolver.addresses_of(text);
    if (std::find(forward.addresses.begin(), forward.addresses.end(), address) != forward.addresses.end()) {
      name = text;
      return CrawlerVerdict::kVerified;
    }
    is_unknown = is_unknown || forward.answer == NameAnswer::kNoAnswer;
  }
  return is_unknown ? CrawlerVerdict::kUnknown : CrawlerVerdict::kPretender;
}

CrawlerList CrawlerList::parse(std::string_view text) {
  CrawlerList list;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const auto address = IpAddress::parse(take_word(line));
    if (!address || take_word(line) != "#") continue;
    const std::string name(take_word(line));
    const auto checked = parse_timestamp(take_word(line), TimestampFormat::kAuto);
    if (checked) list.put(*address, name, *checked);
  }
  return list;
}

std::string CrawlerList::to_string(const CrawlerIdentity& crawler) const {
  std::string text = "# Verified by names that lead back; written by weir crawlers. " + crawler.agent + ":";
  for (const std::string& domain : crawler.domains)
    text.append(" ").append(domain);
  text += '\n';
  for (const auto& [address, entry] : entries_)
    text.append(address.to_string())
        .append(" # ")
        .append(entry.name)
        .append(" ")
        .append(format_rfc3339(entry.checked))
        .append("\n");
  return text;
}

bool CrawlerList::put(const IpAddress& address, std::string name, EventTime checked) {
  if (entries_.size() >= kAddressesMax && entries_.count(address) == 0) return false;
  entries_[address] = {std::move(name), checked};
  return true;
}

}  // namespace weir
