#include "alert/alert.h"

namespace weir {

std::string_view to_string(ClientKind kind) {
  switch (kind) {
    case ClientKind::kCustomer:
      return "customer";
    case ClientKind::kApiKey:
      return "api_key";
    case ClientKind::kAddress:
      return "address";
    case ClientKind::kGroup:
      return "group";
  }
  return "unknown";
}

std::string_view to_string(AlertKind kind) {
  switch (kind) {
    case AlertKind::kAttack:
      return "attack";
    case AlertKind::kAbuse:
      return "abuse";
    case AlertKind::kCorrelation:
      return "correlation";
    case AlertKind::kBurst:
      return "burst";
    case AlertKind::kCount:
      break;
  }
  return "unknown";
}

std::string_view to_string(EpisodePhase phase) {
  switch (phase) {
    case EpisodePhase::kOpened:
      return "opened";
    case EpisodePhase::kUpdated:
      return "updated";
    case EpisodePhase::kClosed:
      return "closed";
  }
  return "unknown";
}

std::string_view to_string(BurstReason reason) {
  switch (reason) {
    case BurstReason::kRequestRate:
      return "request_rate";
    case BurstReason::kFailedAuthentication:
      return "failed_authentication";
    case BurstReason::kCredentialStuffing:
      return "credential_stuffing";
    case BurstReason::kPasswordSpraying:
      return "password_spraying";
    case BurstReason::kEnumeration:
      return "enumeration";
    case BurstReason::kScanning:
      return "scanning";
  }
  return "unknown";
}

std::string_view to_string(AbuseReason reason) {
  switch (reason) {
    case AbuseReason::kRapidIpChanges:
      return "rapid_ip_changes";
    case AbuseReason::kUserAgentRotation:
      return "user_agent_rotation";
    case AbuseReason::kBotUserAgent:
      return "bot_user_agent";
    case AbuseReason::kRegularTiming:
      return "regular_timing";
  }
  return "unknown";
}

}  // namespace weir
