#pragma once

#include <string>
#include <string_view>

namespace weir {

/// True if a parameter, header or cookie of this name holds a secret (password, token, authorization, session, api key, …).
bool is_secret_name(std::string_view name);

/// "***" and the last 4 characters; secrets shorter than 12 characters become "***" alone.
std::string mask_secret(std::string_view secret);

/// Replaces every secret inside free text, taken as it stands (Masker looks behind encodings, too): values of secret-named parameters, bearer and basic credentials, API keys by
/// their form, JSON web tokens, private keys in PEM, card numbers that pass the Luhn check, passwords in URLs. Linear in the text's length.
std::string mask_text(std::string_view text);
/// The same without a copy where there is nothing to mask, as in most texts: false then, and `out` as it was. Else all of the text,
/// masked, is in `out`.
bool mask_text(std::string_view text, std::string& out);

}  // namespace weir
