#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <absl/container/flat_hash_map.h>

#include "alert/alert.h"
#include "base/arena.h"
#include "base/siphash.h"
#include "event/event.h"
#include "evidence/masker.h"

namespace weir {

struct ClientIdentity {
  ClientKind kind = ClientKind::kAddress;
  std::string_view text;  ///< borrows from the arena given
  uint64_t hash = 0;      ///< keyed, over kind and text
};

/// The keyed hash of a client.
uint64_t client_hash_of(const SipHashKey& key, ClientKind kind, std::string_view text);

/// Decides who a record's client is (AB4): the first of the configured order that the record has; always at least the
/// address, of IPv6 its /64 network: who holds one such address commonly holds them all. An API key becomes
/// "sha256:" and the first 32 hex digits of its SHA-256, as does a bearer's token or what another header holds; the user of Basic
/// authentication "hmac:" and a keyed digest, since names can be tried. A customer's name that holds a secret "hmac:" and a keyed digest. Owned
/// by one lane.
class ClientIdentifier {
 public:
  /// `headers`: those whose credential stands for an API key where the record has none.
  ClientIdentifier(std::vector<ClientKind> order, const SipHashKey& key, Masker masker = Masker(),
                   std::vector<std::string> headers = {});

  ClientIdentity identify(const Event& event, Arena& arena);

  /// The client that a person names: as alerts name it, with or without its kind before it ("customer:", "api_key:", "address:").
  /// Without one an address is an address, what begins with "sha256:" an API key, all else a customer. Nothing: there can be no
  /// such client; an API key is named by its digest alone.
  [[nodiscard]] std::optional<ClientIdentity> identify(std::string_view name, Arena& arena);

  /// The client that the record's address alone would be.
  [[nodiscard]] ClientIdentity address_of(const Event& event, Arena& arena) const;

 private:
  static constexpr size_t kTextBytesMax = 256;   // a longer identity is cut and ends in its hash
  static constexpr size_t kKnownKeysMax = 4096;  // digests remembered; forgotten all at once when full

  std::string_view api_key_digest(std::string_view key);
  /// Of the credential in the first of the headers that has one; empty if none has, or the server refused it.
  std::string_view header_digest(const Event& event);
  ClientIdentity customer(std::string_view name, Arena& arena);
  [[nodiscard]] uint64_t hash_of(const ClientIdentity& identity) const {
    return client_hash_of(key_, identity.kind, identity.text);
  }
  std::string_view bounded(std::string_view text, Arena& arena) const;

  std::vector<ClientKind> order_;
  std::vector<std::string> headers_;  // in lower case
  SipHashKey key_;
  Masker masker_;
  absl::flat_hash_map<uint64_t, std::string> digests_;
  std::array<uint64_t, kKnownKeysMax>
      harmless_{};  ///< hashes of identities in which no secret was found, by their low bits
};

}  // namespace weir
