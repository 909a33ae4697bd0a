#pragma once

#include <cstdint>
#include <string_view>

#include "alert/alert.h"
#include "base/ip_address.h"
#include "base/record_coordinates.h"
#include "base/time.h"
#include "evidence/packed_evidence.h"

namespace weir {

enum class ObservationFlag : uint8_t {
  kBotUserAgent = 1 << 0,
  kUtf8Repaired = 1 << 1,
  kTruncated = 1 << 2,   ///< part of the record was not scanned
  kScanFailed = 1 << 3,  ///< the matcher failed: nothing is known about attacks in it
  /// The record of a client that is known by more than its address, once more for its address: only counted there (AB3).
  /// `client` is the address, `path_hash` the client's hash; no evidence, agent or rule hits.
  kAddressCount = 1 << 4,
  kScanCapped = 1 << 5,  ///< matched so often that its scan was ended early: further hits are not known
};

/// What the detect stage says about one record: everything that scoring may depend on, and nothing else.
/// Views borrow from the batch or block the observation stands in.
struct Observation {
  RecordCoordinates at;
  EventTime time{};  ///< event time, not later than the broker's append time
  ClientKind client_kind = ClientKind::kAddress;
  std::string_view client;   ///< identity; an API key's is a digest
  uint64_t client_hash = 0;  ///< SipHash of kind and identity: partition and table slot
  IpAddress address;
  uint64_t user_agent_hash = 0;  ///< XXH3 of the user agent; 0 when there is none
  uint64_t path_hash = 0;        ///< XXH3 of the path
  uint16_t status = 0;
  uint8_t flags = 0;  ///< ObservationFlag bits
  uint16_t rule_hits = 0;
  int32_t request_score = 0;
  PackedEvidence evidence;  ///< there is some when the record is malicious
  std::string_view words;   ///< packed RecordWords; most records have none

  [[nodiscard]] bool has(ObservationFlag flag) const { return (flags & static_cast<uint8_t>(flag)) != 0; }
};

}  // namespace weir
