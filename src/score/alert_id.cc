#include "score/alert_id.h"

#include <xxhash.h>

#include <array>

#include "base/hex.h"

namespace weir {
namespace {

void append_number(uint64_t number, std::string& out) {
  out += std::to_string(number);
  out += '\0';
}

/// Fields end with a NUL, so that no two origins read alike.
std::string canonical(const EpisodeOrigin& origin) {
  std::string text;
  text.reserve(origin.topic.size() + origin.client.size() + 64);
  text.append(origin.topic) += '\0';
  append_number(static_cast<uint32_t>(origin.first.partition), text);
  append_number(static_cast<uint64_t>(origin.first.offset), text);
  if (origin.first.index != 0) append_number(origin.first.index, text);
  text.append(to_string(origin.kind)) += '\0';
  text.append(origin.client) += '\0';
  return text;
}

std::string canonical(const BurstOrigin& origin) {
  std::string text;
  text.append(to_string(AlertKind::kBurst)) += '\0';
  text.append(to_string(origin.reason)) += '\0';
  text.append(std::to_string(origin.begin_ms)) += '\0';
  if (origin.number != 0) append_number(origin.number, text);
  text.append(to_string(origin.client_kind)) += '\0';
  text.append(origin.client) += '\0';
  return text;
}

std::string uuid_of_alert(std::string text, EpisodePhase phase, uint64_t count) {
  text.append(to_string(phase)) += '\0';
  append_number(count, text);
  return uuid_of(text);
}

}  // namespace

std::string uuid_of(std::string_view text) {
  const XXH128_hash_t hash = XXH3_128bits(text.data(), text.size());
  XXH128_canonical_t bytes;
  XXH128_canonicalFromHash(&bytes, hash);
  bytes.digest[6] =
      static_cast<unsigned char>((bytes.digest[6] & 0x0f) | 0x80);  // version 8: made by a rule of our own
  bytes.digest[8] = static_cast<unsigned char>((bytes.digest[8] & 0x3f) | 0x80);  // variant of RFC 9562
  std::string out;
  out.reserve(36);
  for (size_t i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
    append_hex(out, bytes.digest[i]);
  }
  return out;
}

std::string episode_id(const EpisodeOrigin& origin) {
  return uuid_of(canonical(origin));
}

std::string episode_id(const BurstOrigin& origin) {
  return uuid_of(canonical(origin));
}

std::string alert_id(const EpisodeOrigin& origin, EpisodePhase phase, uint64_t count) {
  return uuid_of_alert(canonical(origin), phase, count);
}

std::string alert_id(const BurstOrigin& origin, EpisodePhase phase, uint64_t count) {
  return uuid_of_alert(canonical(origin), phase, count);
}

}  // namespace weir
