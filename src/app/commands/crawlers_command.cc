#include <unistd.h>

#include <CLI/CLI.hpp>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <set>
#include <string>

#include "app/alerts/alert_lines.h"
#include "app/commands/command.h"
#include "app/commands/repeatable.h"
#include "app/crawlers/crawler_list.h"
#include "app/setup/command_setup.h"
#include "app/setup/exit_code.h"
#include "app/setup/report.h"
#include "app/setup/time_argument.h"
#include "app/terminal/terminal.h"
#include "base/ascii.h"
#include "lane/wall_clock.h"

namespace weir {
namespace {

constexpr size_t kAgentBytesMin = 4;     // as of a list's name, where alerts are enriched
constexpr size_t kClaimsMax = 10'000;    // addresses of one run
constexpr size_t kQuestionsMax = 2'000;  // of one run; the others wait for the next

struct CrawlersArguments {
  std::string config_file, file, list, since = "7d", max_age = "7d", server;
  CrawlerIdentity crawler;
};

struct Tally {
  size_t kept = 0, verified = 0, pretenders = 0, unknown = 0, left = 0;
};

int report_no_result(const std::string& detail) {
  std::fprintf(stderr, "weir crawlers: %s\n", detail.c_str());
  return kExitFailed;
}

/// The addresses whose alerts say to be the crawler.
Result<std::set<IpAddress>> claims(const CrawlersArguments& arguments, const Config& config, EventTime since,
                                   Interruption& interruption) {
  auto lines =
      AlertLines::open(config, arguments.file, {}, AlertLines::Start::kBeginning, AlertLines::End::kWhatIsThere);
  if (!lines) return tl::unexpected(lines.error());
  std::set<IpAddress> found;
  while (found.size() < kClaimsMax) {
    const auto line = lines->next(interruption);
    if (!line) return tl::unexpected(line.error());
    if (!*line) break;
    const auto alert = AlertView::parse(**line);
    if (!alert || alert->time() < since) continue;
    if (const auto address = arguments.crawler.claimed_by(*alert)) found.insert(*address);
  }
  return found;
}

std::string read_list(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// Whoever reads it sees the old or the new one, whole.
bool replace_list(const std::string& path, const std::string& text) {
  const std::string beside = path + ".new";
  if (!write_file("crawlers", beside, text)) return false;
  if (std::rename(beside.c_str(), path.c_str()) == 0) return true;
  std::fprintf(stderr, "weir crawlers: cannot replace %s\n", path.c_str());
  ::unlink(beside.c_str());
  return false;
}

/// Asks about what is new, and about what was asked so long ago that it may have changed.
Tally check(const CrawlersArguments& arguments, std::set<IpAddress> addresses, EventTime stale_before, EventTime now,
            NameResolver& resolver, Interruption& interruption, CrawlerList& list) {
  for (const auto& [address, entry] : list.entries())
    addresses.insert(address);
  Tally tally;
  size_t questions = 0;
  for (const IpAddress& address : addresses) {
    const auto known = list.entries().find(address);
    const bool is_fresh = known != list.entries().end() && known->second.checked >= stale_before;
    const bool is_left = !is_fresh && (questions >= kQuestionsMax || interruption.requested());
    if (is_fresh || is_left) {
      ++(is_fresh ? tally.kept : tally.left);
      continue;
    }
    ++questions;
    std::string name;
    switch (verify(arguments.crawler, address, resolver, name)) {
      case CrawlerVerdict::kVerified:
        ++(list.put(address, name, now) ? tally.verified : tally.left);
        break;
      case CrawlerVerdict::kPretender:
        ++tally.pretenders;
        list.drop(address);
        std::printf("%s pretends%s%s\n", address.to_string().c_str(), name.empty() ? ": it has no name" : ", it is ",
                    printable(name).c_str());
        break;
      case CrawlerVerdict::kUnknown:
        ++tally.unknown;  // what was verified stays until somebody says otherwise
        break;
    }
  }
  return tally;
}

int run(CrawlersArguments arguments) {
  for (std::string& domain : arguments.crawler.domains) {
    domain.erase(0, domain.find_first_not_of('.'));
    for (char& c : domain)
      c = to_lower(c);
    if (domain.find('.') == std::string::npos)
      return report_usage_error(
          {ErrorCode::kInvalidArgument, "crawlers", "--domain: '" + domain + "' is no domain of somebody's"});
  }
  if (arguments.crawler.agent.size() < kAgentBytesMin)
    return report_usage_error({ErrorCode::kInvalidArgument, "crawlers", "--agent: give at least 4 letters"});
  const auto since = time_argument("--since", arguments.since);
  if (!since) return report_usage_error(since.error());
  const auto stale_before = time_argument("--max-age", arguments.max_age);
  if (!stale_before) return report_usage_error(stale_before.error());
  const auto config = read_config(arguments.config_file);
  if (!config) return report_usage_error(config.error());
  auto resolver = NameResolver::open(arguments.server);
  if (!resolver) return report_usage_error(resolver.error());

  Interruption interruption;
  auto addresses = claims(arguments, *config, *since, interruption);
  if (!addresses) return report_no_result(addresses.error().to_string());
  const std::string before = read_list(arguments.list);
  CrawlerList list = CrawlerList::parse(before);
  const auto now = wall_clock();
  const Tally tally = check(arguments, std::move(*addresses), *stale_before, now, **resolver, interruption, list);
  std::fprintf(
      stderr,
      "weir crawlers: %zu verified, %zu still so, %zu pretend, %zu without an answer, %zu left for the next run\n",
      tally.verified, tally.kept, tally.pretenders, tally.unknown, tally.left);
  if (std::fflush(stdout) != 0) return kExitFailed;
  const bool is_empty = list.entries().empty();
  if (is_empty && before.empty())
    return report_no_result("no address is verified: " + arguments.list + " is not written");
  const std::string text = list.to_string(arguments.crawler);
  if (text != before && !replace_list(arguments.list, text)) return kExitFailed;
  if (!is_empty) return kExitFine;
  return report_no_result("no address is verified any more: take " + arguments.list + " out of enrichment.crawlers");
}

}  // namespace

void add_crawlers_command(CLI::App& program, int& exit_code) {
  auto arguments = std::make_shared<CrawlersArguments>();
  auto* crawlers = program.add_subcommand(
      "crawlers", "Verify by the DNS which of the addresses that say to be a crawler are one, for enrichment.crawlers");
  crawlers->add_option("-c,--config", arguments->config_file,
                       "Configuration file (YAML): brokers, topic; defaults without one");
  crawlers->add_option("--agent", arguments->crawler.agent, "What the crawler's user agents have in them: Googlebot")
      ->option_text("TEXT")
      ->required();
  repeatable(crawlers
                 ->add_option("--domain", arguments->crawler.domains,
                              "Domain in which its names lie: googlebot.com; may be repeated")
                 ->option_text("DOMAIN"))
      ->required();
  crawlers->add_option("--list", arguments->list, "File of the verified addresses, which is kept up to date")
      ->option_text("LIST")
      ->required();
  crawlers->add_option("--since", arguments->since, "Alerts from this time on; 7d unless given")->option_text("TIME");
  crawlers->add_option("--max-age", arguments->max_age, "Ask again about what was verified longer ago; 7d unless given")
      ->option_text("TIME");
  crawlers->add_option("--server", arguments->server, "DNS server, ADDRESS or ADDRESS:PORT, instead of the system's")
      ->option_text("SERVER");
  crawlers->add_option("FILE", arguments->file,
                       "Read this file instead of the topic, one alert a line; - is standard input");
  crawlers->footer(
      "Example: weir crawlers -c weir.yaml --agent Googlebot --domain googlebot.com --domain google.com \\\n"
      "             --list /etc/weir/lists/googlebot.list");
  crawlers->callback([arguments, &exit_code] { exit_code = run(*arguments); });
}

}  // namespace weir
