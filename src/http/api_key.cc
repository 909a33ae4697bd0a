#include "http/api_key.h"

#include <openssl/sha.h>
#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/hex.h"

namespace weir {
namespace {

constexpr size_t kRandomBytes = 32;
constexpr size_t kKeyBytesMin = 20;
constexpr size_t kKeyBytesMax = 256;
constexpr size_t kPrefixMin = 2;
constexpr size_t kPrefixMax = 4;
constexpr size_t kShownBytes = 4;
constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

bool is_prefix(std::string_view text) {
  return text.size() >= kPrefixMin && text.size() <= kPrefixMax &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= 'a' && c <= 'z'; });
}

/// RFC 4648 §5 without padding.
std::string base64url(const std::array<uint8_t, kRandomBytes>& bytes) {
  std::string text;
  uint32_t bits = 0;
  int count = 0;
  for (const uint8_t byte : bytes) {
    bits = bits << 8 | byte;
    for (count += 8; count >= 6; count -= 6)
      text += kAlphabet[bits >> (count - 6) & 63];
  }
  if (count > 0) text += kAlphabet[bits << (6 - count) & 63];
  return text;
}

auto refused(std::string what) {
  return fail(ErrorCode::kInvalidArgument, "apikey", std::move(what));
}

}  // namespace

Result<std::string> random_token() {
  std::array<uint8_t, kRandomBytes> bytes{};
  if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    return fail(ErrorCode::kIo, "apikey", "the kernel gives no random bytes");
  return base64url(bytes);
}

Result<Secret> generate_api_key(std::string_view prefix) {
  if (!is_prefix(prefix)) return refused("a prefix is two to four lower-case letters");
  auto token = random_token();
  if (!token) return tl::unexpected(token.error());
  return Secret(std::string(prefix) + "_" + *token);
}

Status check_api_key(std::string_view key) {
  const auto underscore = key.find('_');
  if (underscore == std::string_view::npos || !is_prefix(key.substr(0, underscore)))
    return refused("a key begins with two to four lower-case letters and '_'");
  if (key.size() < kKeyBytesMin) return refused("a key has 20 characters at least");
  if (key.size() > kKeyBytesMax) return refused("a key has 256 characters at most");
  const auto random = key.substr(underscore + 1);
  if (random.find_first_not_of(kAlphabet) != std::string_view::npos)
    return refused("after the first '_' a key holds only letters, digits, '-' and '_'");
  return {};
}

std::string hash_api_key(std::string_view key) {
  std::array<uint8_t, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(key.data()), key.size(), digest.data());
  std::string text = "sha256:";
  for (const uint8_t byte : digest)
    append_hex(text, byte);
  return text;
}

std::string mask_api_key(std::string_view key) {
  if (!check_api_key(key)) return "***";
  return "***" + std::string(key.substr(key.size() - kShownBytes));
}

}  // namespace weir
