#pragma once

#include <cstdint>
#include <string_view>

#include "base/client_kind.h"
#include "base/enum_names.h"
#include "base/time.h"
#include "score/decisions/decision.h"

namespace weir {

/// What a person decided about a client.
enum class OrderKind : uint8_t {
  kForget,   ///< its open episodes close, and nothing of it is kept
  kSilence,  ///< no alerts of it until a time; a time that has passed ends a silence
  kDecide,   ///< a decision about it until a time, whatever its alerts say
  kLift,     ///< its decision ends
  kCount,
};
template <>
inline constexpr auto kNamesOf<OrderKind> = std::to_array<std::string_view>({"forget", "silence", "decide", "lift"});

/// An order as it stands in the stream of observations: every process that reads the partition applies it at the same place
/// (docs/adr/0053-decisions-are-records.md). Views borrow from the block it stands in.
struct ClientOrder {
  static constexpr size_t kReasonBytesMax = 256, kCallerBytesMax = 64, kEpisodeBytesMax = 64, kClientBytesMax = 512;

  OrderKind kind = OrderKind::kForget;
  ClientKind client_kind = ClientKind::kAddress;
  std::string_view client;
  uint64_t client_hash = 0;
  std::string_view episode;  ///< a silence of one episode alone; empty: of the client
  int64_t until_ms = 0;      ///< a silence's or a decision's end, in event time
  std::string_view reason, caller;
  DecisionAction action = DecisionAction::kBan;  ///< of a decision, as what follows
  int64_t from_ms = 0;
  Milliseconds retry_after{0};
};

}  // namespace weir
