#include "score/decisions/decision_policy.h"

#include <xxhash.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/binary_format.h"

namespace weir {
namespace {

constexpr unsigned kBits = 128, kMappedBits = 96;

template <typename Enum>
bool has_bit(unsigned mask, Enum value) {
  return (mask >> static_cast<unsigned>(value) & 1U) != 0;
}

/// A network by its first and last address.
struct Network {
  IpAddress first, last;
};

Network network_of(const IpAddress& address, unsigned bits) {
  std::array<uint8_t, 16> first = address.bytes(), last = first;
  for (unsigned bit = bits; bit < kBits; ++bit) {
    const auto mask = static_cast<uint8_t>(0x80U >> (bit % 8));
    first[bit / 8] = static_cast<uint8_t>(first[bit / 8] & ~mask);
    last[bit / 8] = static_cast<uint8_t>(last[bit / 8] | mask);
  }
  return {IpAddress::from_bytes(first), IpAddress::from_bytes(last)};
}

/// An IPv6 client is its /64 network already.
unsigned own_prefix(std::string_view client, bool is_v4) {
  const size_t slash = client.find('/');
  unsigned bits = is_v4 ? kBits - kMappedBits : kBits;
  if (slash != std::string_view::npos) std::from_chars(client.data() + slash + 1, client.data() + client.size(), bits);
  return bits;
}

}  // namespace

bool DecisionRule::fits(const Alert& alert) const {
  if (!has_bit(kinds, alert.kind) || !has_bit(client_kinds, alert.client_kind)) return false;
  if (alert.severity < severity_min || alert.count < records_min) return false;
  if (categories != 0 && (alert.kind != AlertKind::kAttack || (alert.categories & categories) == 0)) return false;
  if (outcomes != 0 && (alert.kind != AlertKind::kAttack || !has_bit(outcomes, alert.outcome))) return false;
  if (risk_score_min > 0 && (alert.kind != AlertKind::kAbuse || alert.verdict.risk_score < risk_score_min))
    return false;
  if (abuse_reasons == 0 && burst_reasons == 0) return true;
  return (alert.kind == AlertKind::kAbuse && (alert.verdict.reasons & abuse_reasons) != 0) ||
         (alert.kind == AlertKind::kBurst && (alert.burst.reasons & burst_reasons) != 0);
}

Milliseconds DecisionRule::length(uint32_t times) const {
  Milliseconds length = duration;
  for (uint32_t i = 1; i < times && factor > 1 && length < duration_max; ++i)
    length = length > duration_max / factor ? duration_max : length * factor;
  return std::min(length, std::max(duration, duration_max));
}

uint64_t DecisionPolicy::digest() const {
  std::string text;
  BinaryWriter out(text);
  for (const DecisionRule& rule : rules) {
    out.text(rule.name);
    for (const uint64_t number :
         {uint64_t{rule.kinds}, uint64_t{rule.client_kinds}, static_cast<uint64_t>(rule.severity_min),
          uint64_t{rule.categories}, uint64_t{rule.outcomes}, uint64_t{rule.abuse_reasons},
          uint64_t{rule.burst_reasons}, static_cast<uint64_t>(rule.risk_score_min), rule.records_min,
          uint64_t{rule.alerts_min}, static_cast<uint64_t>(rule.within.count())})
      out.varint(number);
  }
  return XXH3_64bits(text.data(), text.size());
}

std::optional<std::string> DecisionPolicy::subject_of(ClientKind kind, std::string_view client) const {
  if (kind == ClientKind::kGroup) return std::nullopt;
  if (kind != ClientKind::kAddress) return std::string(client);
  const auto address = IpAddress::parse(client.substr(0, client.find('/')));
  if (!address || address->is_unspecified()) return std::nullopt;
  const bool is_v4 = address->is_v4();
  const unsigned before = is_v4 ? kMappedBits : 0;
  const unsigned own = own_prefix(client, is_v4);
  const unsigned wide = std::min(is_v4 ? ipv4_prefix : ipv6_prefix, own);
  // A network with an address that must be spared in it is not worth the harm: the client alone then.
  for (const unsigned prefix : {wide, own}) {
    const Network network = network_of(*address, before + prefix);
    const auto meets = [&](const AddressSet& set) { return set.meets(network.first, network.last); };
    if (meets(never) || std::any_of(crawlers.begin(), crawlers.end(), meets)) continue;
    if (prefix == own) return std::string(client);
    return network.first.to_string() + "/" + std::to_string(prefix);
  }
  return std::nullopt;
}

}  // namespace weir
