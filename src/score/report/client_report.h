#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "alert/alert.h"
#include "score/client_table.h"
#include "score/score_options.h"
#include "score/state/state_chunk.h"

namespace weir {

/// An open episode, as a person asks for it.
struct EpisodeReport {
  std::string id;
  AlertKind kind = AlertKind::kAttack;
  Level severity = Level::kInformational;
  uint64_t count = 0;
  int64_t first_seen_ms = 0, last_seen_ms = 0;
  CategoryMask categories = 0;          ///< attacks
  Outcome outcome = Outcome::kUnknown;  ///< attacks
  AbuseReasons abuse_reasons = 0;       ///< abuse
  int risk_score = 0;                   ///< abuse
  BurstReasons burst_reasons = 0;       ///< bursts
};

/// What is kept of one client, as a person asks for it: a copy, made between two batches.
struct ClientReport {
  int64_t last_ms = 0;    ///< event time of its latest record in the partition's order
  int64_t newest_ms = 0;  ///< the greatest event time of its records
  AbuseVerdict window;    ///< over its last requests: how many, distinct addresses and agents, points and why
  uint32_t bots = 0;      ///< of these requests, those of a bot's user agent
  struct {
    uint64_t requests = 0, failures = 0, errors = 0, attacks = 0;
  } burst_window;  ///< the newest window of bursts that it has records in
  std::vector<EpisodeReport> episodes;
};

/// Reads the client in `slot`.
ClientReport report_client(const StateParts& state, const AbuseOptions& abuse, ClientSlot slot);

}  // namespace weir
