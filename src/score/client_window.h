#pragma once

#include <cstdint>

#include "alert/alert.h"
#include "base/ip_address.h"
#include "score/client_table.h"
#include "score/score_options.h"

namespace weir {

/// A client's last requests (AB1) in the storage of the client table: three rings of `capacity` words, of address units,
/// user agents and milliseconds since the client's request before. docs/scoring.md defines every measure. `capacity` is
/// from kRequestsMin to AbuseOptions::kWindowRequestsMax.
class ClientWindow {
 public:
  static constexpr uint32_t kRequestsMin = 2;
  static constexpr uint32_t words(uint32_t capacity) { return 3 * capacity; }

  ClientWindow(ClientEntry& client, uint32_t* storage, uint32_t capacity)
      : client_(client),
        addresses_(storage),
        agents_(storage + capacity),
        intervals_(storage + size_t{2} * capacity),
        capacity_(capacity) {}

  struct Request {
    int64_t time_ms = 0;
    uint32_t address_unit = 0;
    uint32_t user_agent = 0;
    bool bot = false;
  };

  /// Takes the newest request in and, when full, drops the oldest.
  void push(const Request& request);
  void clear();

  /// The signals over the requests now in the window. Pure.
  [[nodiscard]] AbuseVerdict verdict(const AbuseOptions& options) const;

  /// False if the verdict cannot be "suspicious" however regular the timing is, which is dear to find out. Pure.
  [[nodiscard]] bool may_be_suspicious(const AbuseOptions& options) const;

  /// Whether the requests came as regularly as a machine sends them.
  [[nodiscard]] bool is_regular(const AbuseOptions& options) const;

 private:
  [[nodiscard]] bool contains(const uint32_t* ring, uint32_t value) const;
  void sorted_intervals(int64_t* out) const;

  ClientEntry& client_;
  uint32_t* addresses_;
  uint32_t* agents_;
  uint32_t* intervals_;  // signed, two's complement
  uint32_t capacity_;
};

/// What AB1 counts as one address: IPv4 itself, IPv6 by /64, folded to 32 bits (IPv4 without loss).
uint32_t address_unit_of(const IpAddress& address);

/// A user agent's hash folded to 32 bits; 0 only for "none", which counts as one agent like any other.
uint32_t user_agent_of(uint64_t user_agent_hash);

}  // namespace weir
