#pragma once

#include <cstddef>
#include <string_view>

namespace weir {

/// Secrets that are known by their form alone, whatever stands around them. All functions are linear in their input.

/// Neither API keys nor web tokens are shorter: most words need not be looked at further.
constexpr size_t kTokenBytesMin = 15;

/// True for API keys by their form: a prefix of known issuers, or two to four lower-case letters, '_' and a long random part.
bool looks_like_api_key(std::string_view word);

/// The same without the second of them, for what follows a '-', '.' or '_' inside a word.
bool looks_like_issued_key(std::string_view word);

/// True for a JSON web token (RFC 7519) or encrypted one: dotted base64url parts, the first the start of a JSON object.
bool looks_like_jwt(std::string_view word);

/// True for the base64 of "user:password" as Basic authentication sends it (RFC 7617).
bool looks_like_basic_credentials(std::string_view word);

/// The length of a bot's token "id:random" at the front of the text, as Telegram issues them; 0 if there is none.
size_t numbered_token_length(std::string_view text);

/// The length of 64 bytes in base64 at the front of the text, as Azure's account keys are; 0 if there is none.
size_t account_key_length(std::string_view text);

/// Digits of the shortest payment card number.
constexpr size_t kCardDigitsMin = 13;

/// The length of a payment card number at the front of the text, 0 if there is none: 13 to 19 digits, single spaces, '-' or
/// '+' between them, with a known issuer's first digits and length and the right check digit (Luhn, ISO/IEC 7812-1).
size_t card_number_length(std::string_view text);

}  // namespace weir
