#include "pipeline/client_identity.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include <algorithm>
#include <cstdio>

#include "base/ascii.h"
#include "base/base64.h"
#include "base/hex.h"
#include "base/utf8.h"

namespace weir {
namespace {

constexpr std::string_view kUnknownClient = "unknown";  // its address could not be read

constexpr std::string_view kDigest = "sha256:";
constexpr std::string_view kKeyedDigest = "hmac:";

std::string sha256_prefix(std::string_view bytes) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest);
  std::string text(kDigest);
  for (int i = 0; i < 16; ++i)
    append_hex(text, digest[i]);
  return text;
}

constexpr std::string_view kAuthorization = "authorization";
constexpr size_t kCredentialBytesMin = 4;  // of a header's value; a shorter one is no credential

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return to_lower(x) == to_lower(y); });
}

/// What stands before the colon in base64 of "user:password"; of what is no such text, all of it.
std::string user_of_basic(std::string_view encoded) {
  std::string user;
  uint32_t bits = 0;
  int held = 0;
  for (const char digit : encoded) {
    const int value = base64_value(digit);
    if (value < 0) break;
    bits = bits << 6 | static_cast<uint32_t>(value);
    held += 6;
    if (held < 8) continue;
    held -= 8;
    const char byte = static_cast<char>(bits >> held);
    if (byte == ':') return user;
    user += byte;
  }
  return std::string(encoded);
}

/// Letters, few digits and signs that names have: too little for any secret or personal data that has a form.
bool is_short_name(std::string_view name) {
  constexpr size_t kBytesMax = 14, kDigitsMax = 5;
  if (name.size() > kBytesMax) return false;
  size_t digits = 0;
  for (const char c : name) {
    if (!is_word_byte(c) && c != '-' && c != '.') return false;
    digits += is_ascii_digit(c) ? 1 : 0;
  }
  return digits <= kDigitsMax;
}

/// Unlike a plain digest no one can find a card number by trying them all.
std::string keyed_digest(const SipHashKey& key, std::string_view bytes) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  HMAC(EVP_sha256(), key.data(), sizeof key, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest,
       &size);
  std::string text(kKeyedDigest);
  for (int i = 0; i < 16; ++i)
    append_hex(text, digest[i]);
  return text;
}

}  // namespace

ClientIdentifier::ClientIdentifier(std::vector<ClientKind> order, const SipHashKey& key, Masker masker,
                                   std::vector<std::string> headers)
    : order_(std::move(order)), headers_(std::move(headers)), key_(key), masker_(masker) {
  for (std::string& name : headers_)
    std::transform(name.begin(), name.end(), name.begin(), to_lower);
}

ClientIdentity ClientIdentifier::identify(const Event& event, Arena& arena) {
  ClientIdentity identity;
  for (const ClientKind kind : order_) {
    identity.kind = kind;
    if (kind == ClientKind::kCustomer && !event.client_id.empty()) return customer(event.client_id, arena);
    if (kind == ClientKind::kApiKey && !event.api_key.empty())
      identity.text = arena.copy(api_key_digest(event.api_key));
    else if (kind == ClientKind::kApiKey)
      identity.text = arena.copy(header_digest(event));
    if (kind == ClientKind::kAddress || !identity.text.empty()) break;
  }
  if (identity.text.empty()) return address_of(event, arena);
  identity.hash = hash_of(identity);
  return identity;
}

std::optional<ClientIdentity> ClientIdentifier::identify(std::string_view name, Arena& arena) {
  std::optional<ClientKind> kind;
  for (const ClientKind client_kind : {ClientKind::kCustomer, ClientKind::kApiKey, ClientKind::kAddress}) {
    const std::string prefix = std::string(to_string(client_kind)) + ":";
    if (kind || !name.starts_with(prefix)) continue;
    kind = client_kind;
    name.remove_prefix(prefix.size());
  }
  if (name.empty()) return std::nullopt;
  const auto address = IpAddress::parse(name.substr(0, std::min(name.find("/64"), name.size())));
  const bool is_key = name.starts_with(kDigest) || (name.starts_with(kKeyedDigest) && kind == ClientKind::kApiKey);
  if (!kind) kind = address ? ClientKind::kAddress : is_key ? ClientKind::kApiKey : ClientKind::kCustomer;
  ClientIdentity identity{*kind, {}, 0};
  switch (*kind) {
    case ClientKind::kAddress:
      if (!address && name != kUnknownClient) return std::nullopt;
      identity.text = address ? arena.copy(address->counting_unit_text()) : kUnknownClient;
      break;
    case ClientKind::kApiKey:
      if (!is_key) return std::nullopt;
      identity.text = arena.copy(name);
      break;
    default:
      if (!name.starts_with(kKeyedDigest)) return customer(name, arena);
      identity.text = arena.copy(name);
  }
  identity.hash = hash_of(identity);
  return identity;
}

ClientIdentity ClientIdentifier::address_of(const Event& event, Arena& arena) const {
  ClientIdentity identity;
  identity.text = event.client_ip.is_unspecified() ? kUnknownClient : arena.copy(event.client_ip.counting_unit_text());
  identity.hash = hash_of(identity);
  return identity;
}

uint64_t client_hash_of(const SipHashKey& key, ClientKind kind, std::string_view text) {
  const auto kind_salt = static_cast<uint64_t>(kind) + 1;
  return siphash({key[0] ^ kind_salt, key[1]}, text);
}

std::string_view ClientIdentifier::api_key_digest(std::string_view key) {
  if (digests_.size() >= kKnownKeysMax) digests_.clear();
  auto [entry, is_new] = digests_.try_emplace(siphash(key_, key));
  if (is_new) entry->second = sha256_prefix(key);
  return entry->second;
}

std::string_view ClientIdentifier::header_digest(const Event& event) {
  const bool is_refused = event.status == 401 || event.status == 403 || event.status == 407;
  if (headers_.empty() || event.headers.empty() || is_refused) return {};
  for (const std::string& name : headers_) {
    const auto found = std::find_if(event.headers.begin(), event.headers.end(),
                                    [&](const Header& header) { return equals_ignoring_case(header.name, name); });
    if (found == event.headers.end() || found->value.size() < kCredentialBytesMin) continue;
    if (name != kAuthorization) return api_key_digest(found->value);
    const size_t blank = std::min(found->value.find(' '), found->value.size());
    const std::string_view scheme = found->value.substr(0, blank);
    const std::string_view rest = found->value.substr(std::min(blank + 1, found->value.size()));
    if (rest.size() < kCredentialBytesMin) continue;
    if (equals_ignoring_case(scheme, "bearer")) return api_key_digest(rest);
    if (!equals_ignoring_case(scheme, "basic")) continue;
    if (digests_.size() >= kKnownKeysMax) digests_.clear();
    auto [entry, is_new] = digests_.try_emplace(siphash(key_, found->value));
    if (is_new) entry->second = keyed_digest(key_, "basic:" + user_of_basic(rest));
    return entry->second;
  }
  return {};
}

/// A name is looked at for secrets once while it is remembered: nearly every record's is short or was seen before.
ClientIdentity ClientIdentifier::customer(std::string_view name, Arena& arena) {
  ClientIdentity identity{ClientKind::kCustomer, bounded(name, arena), 0};
  identity.hash = hash_of(identity);
  if (is_short_name(name)) return identity;
  uint64_t& known = harmless_[identity.hash % harmless_.size()];
  if (known == identity.hash && identity.hash != 0) return identity;
  if (masker_.hides_part_of(name)) {
    identity.text = arena.copy(keyed_digest(key_, name));
    identity.hash = hash_of(identity);
  } else {
    known = identity.hash;
  }
  return identity;
}

std::string_view ClientIdentifier::bounded(std::string_view text, Arena& arena) const {
  if (text.size() <= kTextBytesMax) return arena.copy(text);
  char tail[24];
  const int tail_length =
      std::snprintf(tail, sizeof tail, "~%016llx", static_cast<unsigned long long>(siphash(key_, text)));
  return arena.copy(std::string(cut_utf8(text, kTextBytesMax - static_cast<size_t>(tail_length))) + tail);
}

}  // namespace weir
