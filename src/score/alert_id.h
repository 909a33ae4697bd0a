#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "alert/alert.h"
#include "base/record_coordinates.h"

namespace weir {

/// Where an episode began and whose it is: what its identifiers are made from.
struct EpisodeOrigin {
  std::string_view topic;  ///< name, so that the same record is called the same whatever the order of configured topics
  RecordCoordinates first;
  AlertKind kind = AlertKind::kAttack;
  std::string_view client;
};

/// XXH3-128 of a text in the form of a UUID (version 8, RFC 9562): the same text has the same id.
std::string uuid_of(std::string_view text);

/// What the identifiers of a burst are made from: nothing that depends on the order in which records came.
struct BurstOrigin {
  BurstReason reason = BurstReason::kRequestRate;
  int64_t begin_ms = 0;  ///< of the stretch of time that the incident is told in
  uint32_t number = 0;   ///< of the incident among the client's there
  ClientKind client_kind = ClientKind::kAddress;
  std::string_view client;
};

/// uuid_of() the origin: a repeat of the same records makes the same id.
std::string episode_id(const EpisodeOrigin& origin);
std::string episode_id(const BurstOrigin& origin);

/// As episode_id, with what tells an episode's alerts apart.
std::string alert_id(const EpisodeOrigin& origin, EpisodePhase phase, uint64_t count);
std::string alert_id(const BurstOrigin& origin, EpisodePhase phase, uint64_t count);

}  // namespace weir
