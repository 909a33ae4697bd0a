#include "enrich/enrichment.h"

#include <algorithm>
#include <utility>

#include "base/ascii.h"

namespace weir {
namespace {

constexpr size_t kClaimBytesMin = 4;  // of a crawler's name, to be looked for in user agents

bool contains_ignoring_case(std::string_view text, std::string_view word) {
  const auto same = [](char a, char b) { return to_lower(a) == to_lower(b); };
  return std::search(text.begin(), text.end(), word.begin(), word.end(), same) != text.end();
}

Status read_lists(const std::vector<std::string>& paths, uint32_t csv_column, std::vector<AddressList>& lists) {
  for (const std::string& path : paths) {
    auto list = read_address_list(path, csv_column);
    if (!list) return tl::unexpected<Error>(list.error());
    lists.push_back(std::move(*list));
  }
  return {};
}

Status read_database(const std::string& path, std::optional<AddressDatabase>& database) {
  if (path.empty()) return {};
  auto opened = AddressDatabase::open(path);
  if (!opened) return tl::unexpected<Error>(opened.error());
  database.emplace(std::move(*opened));
  return {};
}

uint64_t entries_of(const std::vector<AddressList>& lists) {
  uint64_t entries = 0;
  for (const AddressList& list : lists)
    entries += list.addresses.entries();
  return entries;
}

}  // namespace

std::vector<std::string> EnrichmentOptions::files() const {
  std::vector<std::string> all;
  for (const std::string& text : {country_database, asn_database})
    if (!text.empty()) all.push_back(text);
  all.insert(all.end(), threat_lists.begin(), threat_lists.end());
  all.insert(all.end(), crawlers.begin(), crawlers.end());
  return all;
}

Result<std::shared_ptr<const Enrichment>> Enrichment::load(const EnrichmentOptions& options) {
  std::shared_ptr<Enrichment> made(new Enrichment());
  for (const auto& [path, database] :
       {std::pair(&options.country_database, &made->countries_), std::pair(&options.asn_database, &made->systems_)}) {
    if (Status status = read_database(*path, *database); !status) return tl::unexpected<Error>(status.error());
    if (!*database) continue;
    ++made->sizes_.databases;
    made->sources_.push_back(
        {database == &made->countries_ ? "country_database" : "asn_database", (*database)->version()});
  }
  for (const auto& [paths, lists] :
       {std::pair(&options.threat_lists, &made->threats_), std::pair(&options.crawlers, &made->crawlers_)}) {
    if (Status status = read_lists(*paths, options.csv_column, *lists); !status)
      return tl::unexpected<Error>(status.error());
    for (const AddressList& list : *lists)
      made->sources_.push_back({list.name, list.version});
  }
  made->threat_effect_ = options.threat_effect;
  made->sizes_.threat_entries = entries_of(made->threats_);
  made->sizes_.crawler_entries = entries_of(made->crawlers_);
  return made;
}

AddressContext Enrichment::context_of(const IpAddress& address, std::string_view user_agent) const {
  AddressContext context;
  context.sources = sources_;
  if (countries_) countries_->add_country(address, context);
  if (systems_) systems_->add_autonomous_system(address, context);
  for (const AddressList& list : threats_)
    if (list.addresses.contains(address)) context.threat_lists.push_back(list.name);
  for (const AddressList& list : crawlers_)
    if (context.crawler.empty() && list.addresses.contains(address)) context.crawler = list.name;
  if (!context.crawler.empty()) return context;
  const auto is_claimed = [&](const AddressList& list) {
    return list.name.size() >= kClaimBytesMin && contains_ignoring_case(user_agent, list.name);
  };
  const auto claimed = std::find_if(crawlers_.begin(), crawlers_.end(), is_claimed);
  if (claimed != crawlers_.end()) context.claimed_crawler = claimed->name;
  return context;
}

void Enrichment::enrich(Alert& alert) const {
  if (alert.address.is_unspecified() || sources_.empty()) return;
  std::string_view agent;
  if (alert.evidence) agent = alert.evidence->user_agent;
  const auto& agents = alert.made_of[static_cast<size_t>(ValueKind::kAgent)];
  if (agent.empty() && !agents.empty()) agent = agents.front().value;
  alert.context = context_of(alert.address, agent);
  const bool is_bulk = alert.kind == AlertKind::kBurst || alert.kind == AlertKind::kAbuse;
  if (!alert.context->crawler.empty() && is_bulk) alert.severity = std::min(alert.severity, Level::kLow);
  const bool is_raised = threat_effect_ == ThreatEffect::kRaise && !alert.context->threat_lists.empty();
  if (is_raised && alert.severity != Level::kCritical)
    alert.severity = static_cast<Level>(static_cast<unsigned>(alert.severity) + 1);
}

std::vector<std::string> Enrichment::describe() const {
  std::vector<std::string> lines;
  for (const ContextSource& source : sources_)
    lines.push_back(source.name + ": " + source.version);
  return lines;
}

}  // namespace weir
