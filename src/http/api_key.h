#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

namespace weir {

/// API keys (KE1): two to four lower-case letters, '_', and base64url text; 20 characters at least. Only the SHA-256 of a key
/// is ever stored: the random part has 256 bits, so the hash needs no salt and no slowness.

/// A new key: 32 bytes of the kernel's randomness after the prefix. kInvalidArgument for a prefix of another form.
Result<Secret> generate_api_key(std::string_view prefix);

/// Ok when the text has a key's form; the error says what is wrong and never holds the key.
Status check_api_key(std::string_view key);

/// "sha256:" and 64 hex digits, the form in which key files hold it.
std::string hash_api_key(std::string_view key);

/// What may be shown of a key: prefix, four characters, and nothing of the rest, not even its length. "****" for other text.
std::string mask_api_key(std::string_view key);

/// 32 bytes of the kernel's randomness as base64url: 43 characters.
Result<std::string> random_token();

}  // namespace weir
