#include "http/api_key_store.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "base/ascii.h"
#include "http/api_key.h"

namespace weir {
namespace {

constexpr size_t kFileBytesMax = 256 << 10;
constexpr size_t kNameBytesMax = 64;
constexpr std::string_view kBlanks = " \t\r";
constexpr size_t kHashBytes = 7 + 64;  // "sha256:" and the digits

std::string_view next_word(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
  const auto word = line.substr(0, line.find_first_of(kBlanks));
  line.remove_prefix(word.size());
  return word;
}

bool is_name(std::string_view text) {
  return text.size() <= kNameBytesMax && std::all_of(text.begin(), text.end(), [](char c) {
           return is_word_byte(c) || c == '.' || c == '-' || c == '@';
         });
}

bool is_hash(std::string_view text) {
  return text.size() == kHashBytes && text.starts_with("sha256:") &&
         text.find_first_not_of("0123456789abcdef", 7) == std::string_view::npos;
}

}  // namespace

Result<ApiKeyStore> ApiKeyStore::load(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return fail(ErrorCode::kIo, "http", "cannot read the file of API keys " + file);
  std::string text(kFileBytesMax + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (stream.bad()) return fail(ErrorCode::kIo, "http", "cannot read the file of API keys " + file);
  text.resize(static_cast<size_t>(stream.gcount()));
  if (text.size() > kFileBytesMax) return fail(ErrorCode::kLimit, "http", file + " is longer than 256 KiB");
  return parse(text, file);
}

Result<ApiKeyStore> ApiKeyStore::parse(std::string_view text, const std::string& file) {
  ApiKeyStore store;
  size_t number = 0;
  const auto refused = [&](const std::string& what) {
    return fail(ErrorCode::kParse, "http", file + ":" + std::to_string(number) + ": " + what);
  };
  while (!text.empty()) {
    ++number;
    auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    line = line.substr(0, line.find('#'));
    const auto name = next_word(line);
    if (name.empty()) continue;
    const auto hash = next_word(line);
    if (check_api_key(name) || check_api_key(hash))
      return refused("this is a key itself; write a name and the hash that 'weir apikey hash' prints");
    if (!is_name(name)) return refused("a name has letters, digits, '.', '-', '_' and '@', at most 64");
    if (!is_hash(hash)) return refused("after the name comes sha256: and 64 hex digits, as 'weir apikey hash' prints");
    if (!next_word(line).empty()) return refused("there is more than a name and a hash");
    const auto same = [&](const Entry& entry) { return entry.name == name || entry.hash == hash; };
    if (std::any_of(store.keys_.begin(), store.keys_.end(), same)) return refused("the name or the key comes twice");
    if (store.keys_.size() == kKeysMax) return refused("more than 1000 keys");
    store.keys_.push_back({std::string(name), std::string(hash)});
  }
  if (store.keys_.empty()) return fail(ErrorCode::kParse, "http", file + ": no API key in it");
  return store;
}

std::optional<std::string> ApiKeyStore::caller_of(std::string_view key) const {
  const std::string hash = hash_api_key(key);
  const Entry* found = nullptr;
  for (const Entry& entry : keys_)
    if (CRYPTO_memcmp(entry.hash.data(), hash.data(), kHashBytes) == 0) found = &entry;
  if (found == nullptr) return std::nullopt;
  return found->name;
}

}  // namespace weir
