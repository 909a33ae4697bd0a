#include "event/values/forwarded_for.h"

#include "base/ascii.h"

namespace weir {
namespace {

constexpr int kHopsMax = 32;  // longer chains are not real; what lies beyond is not looked at

}  // namespace

namespace {

// Takes the entries from the right as long as the one before is believed.
IpAddress walk(IpAddress client, bool believed, std::span<const std::string_view> values,
               const std::vector<Cidr>& trusted_proxies) {
  int hops = 0;
  for (auto value = values.rbegin(); value != values.rend(); ++value) {
    std::string_view rest = *value;
    for (bool more = true; more;) {
      if (!believed || ++hops > kHopsMax) return client;
      const auto comma = rest.rfind(',');
      const auto entry = without_blanks(comma == std::string_view::npos ? rest : rest.substr(comma + 1));
      const auto address = IpAddress::parse_with_port(entry);
      if (!address) return client;
      client = *address;
      believed = contains(trusted_proxies, client);
      more = comma != std::string_view::npos;
      if (more) rest = rest.substr(0, comma);
    }
  }
  return client;
}

}  // namespace

IpAddress client_behind_proxies(const IpAddress& peer, std::span<const std::string_view> values,
                                const std::vector<Cidr>& trusted_proxies) {
  return walk(peer, contains(trusted_proxies, peer), values, trusted_proxies);
}

IpAddress client_behind_socket(std::span<const std::string_view> values, const std::vector<Cidr>& trusted_proxies) {
  return walk(IpAddress{}, true, values, trusted_proxies);
}

}  // namespace weir
