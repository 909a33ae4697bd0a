#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/arena.h"
#include "base/ip_address.h"
#include "base/time.h"
#include "event/values/raw_value.h"
#include "event/values/value_format.h"

namespace weir {

// Conversions of one plain value to one event field, as forgiving as its meaning allows; nothing where it has none.

/// Durations above this (about 31 years) are taken for a wrong unit.
inline constexpr int64_t kDurationMaxUs = 1'000'000'000'000'000;

/// A number or its decimal text, in microseconds. A text may name its own unit ("0.025s", "25ms"). Of a list ("0.001, 0.002",
/// as nginx writes of several upstreams) the last number counts.
std::optional<Microseconds> read_duration(const RawValue& value, DurationUnit unit);

/// A whole number from 0 to `max`, as a number or as text ("200", "200.0", "1,234"). Of a list the last counts.
std::optional<uint64_t> read_count(const RawValue& value, uint64_t max);

/// A value as text: of a number or truth in the arena; nothing for a nested one.
std::optional<std::string_view> read_text(const RawValue& value, Arena& arena);

/// The peer of a connection, as sources write it.
struct PeerAddress {
  IpAddress address;
  std::string_view forwarded{};  ///< of a list ("client, proxy"): what stands before the last, which is the peer
  bool is_unix = false;          ///< a socket of the same machine; it has no address
};

/// "192.0.2.1", with port, brackets, zone, prefix length or leading zeros; "unix:". Nothing for a host name or a mask.
std::optional<PeerAddress> read_peer(std::string_view text);

}  // namespace weir
