#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "app/alerts/alert_view.h"
#include "app/crawlers/name_resolver.h"
#include "base/ip_address.h"
#include "base/time.h"

namespace weir {

/// Who a crawler's addresses are to be: what its user agents say, and the domains that its names lie in.
struct CrawlerIdentity {
  std::string agent;                 ///< looked for in user agents, whatever the case
  std::vector<std::string> domains;  ///< in lower case

  /// The alert's address, if its user agent says to be this crawler.
  [[nodiscard]] std::optional<IpAddress> claimed_by(const AlertView& alert) const;
  /// Lies in one of the domains, or is one.
  [[nodiscard]] bool owns(std::string_view name) const;
};

enum class CrawlerVerdict : uint8_t {
  kVerified,
  kPretender,  ///< no name, a name elsewhere, or one that does not lead back
  kUnknown,    ///< the DNS did not answer
};

/// Forward-confirmed: a name of the address lies in the crawler's domains, and leads to that address. `name` is it, if verified; else
/// what the address is called, if anything.
CrawlerVerdict verify(const CrawlerIdentity& crawler, const IpAddress& address, NameResolver& resolver,
                      std::string& name);

/// Addresses that were verified, each with its name and when: a file that `enrichment.crawlers` takes.
class CrawlerList {
 public:
  static constexpr size_t kAddressesMax = 10'000;

  struct Entry {
    std::string name;
    EventTime checked{};
  };
  using Entries = std::map<IpAddress, Entry>;

  /// What another program wrote, comments for example, is passed over.
  static CrawlerList parse(std::string_view text);
  [[nodiscard]] std::string to_string(const CrawlerIdentity& crawler) const;

  [[nodiscard]] const Entries& entries() const { return entries_; }
  /// False if it is new and there is no room.
  bool put(const IpAddress& address, std::string name, EventTime checked);
  void drop(const IpAddress& address) { entries_.erase(address); }

 private:
  Entries entries_;
};

}  // namespace weir
