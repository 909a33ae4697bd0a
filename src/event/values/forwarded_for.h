#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "base/ip_address.h"

namespace weir {

/// Finds the client behind trusted proxies (requirement IN3). `peer` is who connected; `values` are the X-Forwarded-For
/// header lines in their order. The addresses are walked from the right, because a proxy appends and only what a trusted
/// one appended can be believed: trusted ones are skipped, the first other one is the client, and something that is no
/// address ends the walk at the hop before it. Returns the peer itself if it is not trusted.
IpAddress client_behind_proxies(const IpAddress& peer, std::span<const std::string_view> values,
                                const std::vector<Cidr>& trusted_proxies);

/// The same where the peer is a socket of the same machine, which has no address: what it appended is believed. Unspecified
/// if that is no address.
IpAddress client_behind_socket(std::span<const std::string_view> values, const std::vector<Cidr>& trusted_proxies);

}  // namespace weir
