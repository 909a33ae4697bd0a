#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "base/time.h"

namespace weir {

/// A Fernet token's first use of its 16 random bytes.
using FernetIv = std::array<uint8_t, 16>;

/// One key of the Fernet specification: 32 bytes, of which the first 16 sign (HMAC-SHA256) and the last 16 encrypt
/// (AES-128-CBC). Wiped from memory at the end.
class FernetKey {
 public:
  /// Out of its text, base64url of 32 bytes. kInvalidArgument when it is no key; the error does not repeat it.
  static Result<FernetKey> parse(std::string_view text);
  FernetKey(const FernetKey&) = default;
  FernetKey& operator=(const FernetKey&) = default;
  ~FernetKey();

  /// A token (base64url, with padding): version 0x80, time in seconds, IV, ciphertext, signature.
  [[nodiscard]] std::string encrypt(std::string_view plain, int64_t seconds, const FernetIv& iv) const;
  /// An IV that depends on the key and both texts and, to whoever has no key, looks random. The same for the same texts.
  [[nodiscard]] FernetIv iv_for(std::string_view context, std::string_view plain) const;
  /// kInvalidArgument when the token is not one of this key, or was changed. No part of it is given back then.
  [[nodiscard]] Result<std::string> decrypt(std::string_view signed_part, std::string_view signature) const;

 private:
  FernetKey() = default;
  std::array<uint8_t, 16> signing_{}, encryption_{};
};

/// Several keys, so that they can be changed: the first encrypts, all decrypt.
class FernetKeys {
 public:
  static constexpr size_t kKeysMax = 16;

  /// Keys separated by white space or commas. The error says which of them is none.
  static Result<FernetKeys> parse(const Secret& text);

  [[nodiscard]] const FernetKey& first() const { return keys_.front(); }

  /// How old a token may be. Without a limit its time is not looked at.
  struct Age {
    int64_t now_seconds = 0;
    int64_t seconds_max = 0;  ///< 0: any
  };
  /// What the token holds. The errors tell apart: no token (truncated, other text), expired, from the future, of none of these
  /// keys. Tokens are taken as the specification has them and without their padding.
  [[nodiscard]] Result<std::string> decrypt(std::string_view token, Age age) const;
  [[nodiscard]] Result<std::string> decrypt(std::string_view token) const { return decrypt(token, Age{}); }

 private:
  std::vector<FernetKey> keys_;
};

}  // namespace weir
