#include "alert/fernet.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <memory>

#include "base/assert.h"
#include "base/base64.h"

namespace weir {
namespace {

// The layout of a token (the Fernet specification): version, time, IV, ciphertext in whole blocks, signature.
constexpr char kVersion = '\x80';
constexpr size_t kTimeBytes = 8, kIvBytes = 16, kBlockBytes = 16, kSignatureBytes = 32;
constexpr size_t kHeadBytes = 1 + kTimeBytes + kIvBytes;
constexpr size_t kKeyBytes = 32;
constexpr int64_t kClockSkewSeconds = 60;
constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

auto refused(std::string what) {
  return fail(ErrorCode::kInvalidArgument, "fernet", std::move(what));
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string base64url(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  uint32_t bits = 0;
  int count = 0;
  for (const char byte : bytes) {
    bits = bits << 8 | static_cast<unsigned char>(byte);
    for (count += 8; count >= 6; count -= 6)
      text += kAlphabet[bits >> (count - 6) & 63];
  }
  if (count > 0) text += kAlphabet[bits << (6 - count) & 63];
  text.append((4 - text.size() % 4) % 4, '=');
  return text;
}

/// False for anything but base64url, with its padding or without: other digits, wrong padding, bits that stand for nothing.
bool decode_base64url(std::string_view text, std::string& out) {
  size_t padding = 0;
  while (padding < 2 && text.ends_with('=')) {
    text.remove_suffix(1);
    ++padding;
  }
  if (text.size() % 4 == 1 || (padding != 0 && (text.size() + padding) % 4 != 0)) return false;
  out.clear();
  uint32_t bits = 0;
  int count = 0;
  for (const char digit : text) {
    const int value = digit == '+' || digit == '/' ? -1 : base64_value(digit);
    if (value < 0) return false;
    bits = bits << 6 | static_cast<uint32_t>(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out.push_back(static_cast<char>(static_cast<unsigned char>(bits >> count)));
  }
  return (bits & ((1U << count) - 1)) == 0;
}

std::array<uint8_t, kSignatureBytes> hmac(const std::array<uint8_t, 16>& key, std::string_view text) {
  std::array<uint8_t, kSignatureBytes> digest{};
  unsigned size = 0;
  const auto* done =
      HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes_of(text), text.size(), digest.data(), &size);
  WEIR_ASSERT(done != nullptr && size == digest.size(), "HMAC-SHA256 failed");
  return digest;
}

int64_t time_of(std::string_view token) {
  uint64_t seconds = 0;
  for (const char byte : token.substr(1, kTimeBytes))
    seconds = seconds << 8 | static_cast<unsigned char>(byte);
  return static_cast<int64_t>(seconds);
}

Status check_age(int64_t seconds, FernetKeys::Age age) {
  if (age.seconds_max <= 0) return {};
  if (seconds < 0 || seconds > age.now_seconds + kClockSkewSeconds)
    return refused("the token's time lies in the future");
  if (age.now_seconds - seconds > age.seconds_max)
    return refused("the token is older than " + std::to_string(age.seconds_max) + " s");
  return {};
}

}  // namespace

Result<FernetKey> FernetKey::parse(std::string_view text) {
  std::string bytes;
  const bool is_key = decode_base64url(text, bytes) && bytes.size() == kKeyBytes;
  FernetKey key;
  if (is_key) {
    std::copy_n(bytes.begin(), key.signing_.size(), key.signing_.begin());
    std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(key.signing_.size()), key.encryption_.size(),
                key.encryption_.begin());
  }
  OPENSSL_cleanse(bytes.data(), bytes.size());
  if (!is_key) return refused("a key is 32 bytes in base64url, 44 characters");
  return key;
}

FernetKey::~FernetKey() {
  OPENSSL_cleanse(signing_.data(), signing_.size());
  OPENSSL_cleanse(encryption_.data(), encryption_.size());
}

FernetIv FernetKey::iv_for(std::string_view context, std::string_view plain) const {
  std::string text("weir evidence iv\0", 17);
  text.append(context).push_back('\0');
  text.append(plain);
  const auto digest = hmac(signing_, text);
  FernetIv iv{};
  std::copy_n(digest.begin(), iv.size(), iv.begin());
  return iv;
}

std::string FernetKey::encrypt(std::string_view plain, int64_t seconds, const FernetIv& iv) const {
  std::string token(1, kVersion);
  for (int shift = 56; shift >= 0; shift -= 8)
    token.push_back(static_cast<char>(static_cast<uint64_t>(seconds) >> shift & 0xff));
  token.append(reinterpret_cast<const char*>(iv.data()), iv.size());
  const size_t head = token.size();
  token.resize(head + plain.size() + kBlockBytes);
  auto* out = reinterpret_cast<unsigned char*>(token.data()) + head;
  const CipherContext context(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
  int written = 0, last = 0;
  const bool done =
      context != nullptr &&
      EVP_EncryptInit_ex(context.get(), EVP_aes_128_cbc(), nullptr, encryption_.data(), iv.data()) == 1 &&
      EVP_EncryptUpdate(context.get(), out, &written, bytes_of(plain), static_cast<int>(plain.size())) == 1 &&
      EVP_EncryptFinal_ex(context.get(), out + written, &last) == 1;
  WEIR_ASSERT(done, "AES-128-CBC failed");
  token.resize(head + static_cast<size_t>(written + last));
  const auto signature = hmac(signing_, token);
  token.append(reinterpret_cast<const char*>(signature.data()), signature.size());
  return base64url(token);
}

Result<std::string> FernetKey::decrypt(std::string_view signed_part, std::string_view signature) const {
  const auto expected = hmac(signing_, signed_part);
  if (CRYPTO_memcmp(expected.data(), signature.data(), expected.size()) != 0)
    return refused("the token was made with another key, or changed");
  const auto iv = signed_part.substr(1 + kTimeBytes, kIvBytes);
  const auto cipher = signed_part.substr(kHeadBytes);
  std::string plain(cipher.size() + kBlockBytes, '\0');
  auto* out = reinterpret_cast<unsigned char*>(plain.data());
  const CipherContext context(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
  int written = 0, last = 0;
  const bool done =
      context != nullptr &&
      EVP_DecryptInit_ex(context.get(), EVP_aes_128_cbc(), nullptr, encryption_.data(), bytes_of(iv)) == 1 &&
      EVP_DecryptUpdate(context.get(), out, &written, bytes_of(cipher), static_cast<int>(cipher.size())) == 1 &&
      EVP_DecryptFinal_ex(context.get(), out + written, &last) == 1;
  if (!done) return refused("the token is signed but not padded as one");
  plain.resize(static_cast<size_t>(written + last));
  return plain;
}

Result<FernetKeys> FernetKeys::parse(const Secret& text) {
  constexpr std::string_view kSeparators = " \t\r\n,";
  const std::string_view all = text.reveal();
  FernetKeys keys;
  for (size_t at = all.find_first_not_of(kSeparators); at != std::string_view::npos;) {
    const size_t end = std::min(all.find_first_of(kSeparators, at), all.size());
    auto key = FernetKey::parse(all.substr(at, end - at));
    if (!key) return refused("key " + std::to_string(keys.keys_.size() + 1) + " is none: " + key.error().detail);
    if (keys.keys_.size() == kKeysMax) return refused("there are more than " + std::to_string(kKeysMax) + " keys");
    keys.keys_.push_back(*key);
    at = all.find_first_not_of(kSeparators, end);
  }
  if (keys.keys_.empty()) return refused("there is no key");
  return keys;
}

Result<std::string> FernetKeys::decrypt(std::string_view token, Age age) const {
  std::string bytes;
  if (!decode_base64url(token, bytes)) return refused("this is no Fernet token: it is not base64url");
  if (bytes.empty() || bytes.front() != kVersion) return refused("this is no Fernet token: it does not begin as one");
  const size_t least = kHeadBytes + kBlockBytes + kSignatureBytes;
  if (bytes.size() < least || (bytes.size() - least) % kBlockBytes != 0)
    return refused("the token was cut off, or its length changed");
  const auto signed_part = std::string_view(bytes).substr(0, bytes.size() - kSignatureBytes);
  const auto signature = std::string_view(bytes).substr(signed_part.size());
  // The time is believed only of a token that a key has signed.
  Result<std::string> plain = refused("there is no key");
  for (const FernetKey& key : keys_) {
    plain = key.decrypt(signed_part, signature);
    if (plain) break;
  }
  if (!plain) return plain;
  if (const Status fresh = check_age(time_of(signed_part), age); !fresh) return tl::unexpected<Error>(fresh.error());
  return plain;
}

}  // namespace weir
