#include "lane/state/state_record.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <type_traits>

#include "base/hex.h"

namespace weir {
namespace {

constexpr std::string_view kMagic = "WRST";
constexpr uint16_t kVersion = 1;
constexpr std::string_view kHashKeyMark = "weir: which hash_key a state was made with";

template <typename Number>
void append(std::string& out, Number number) {
  using Unsigned = std::make_unsigned_t<Number>;
  for (size_t i = 0; i < sizeof(Number); ++i)
    out += static_cast<char>(static_cast<Unsigned>(number) >> (8 * i) & 0xff);
}

/// Reads little-endian numbers; `good` turns false at the end of the bytes.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  template <typename Number>
  void read(Number& number) {
    using Unsigned = std::make_unsigned_t<Number>;
    if (bytes_.size() < sizeof(Number)) {
      good_ = false;
      return;
    }
    Unsigned value = 0;
    for (size_t i = 0; i < sizeof(Number); ++i)
      value = static_cast<Unsigned>(
          value | static_cast<Unsigned>(static_cast<Unsigned>(static_cast<unsigned char>(bytes_[i])) << (8 * i)));
    number = static_cast<Number>(value);
    bytes_.remove_prefix(sizeof(Number));
  }
  [[nodiscard]] bool good() const { return good_; }
  [[nodiscard]] std::string_view rest() const { return bytes_; }

 private:
  std::string_view bytes_;
  bool good_ = true;
};

Status malformed(const char* what) {
  return fail(ErrorCode::kParse, "state record", what);
}

std::string_view without_number(std::string_view text) {
  const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  return text.substr(digits);
}

/// partition/genesis or partition/chunk/part.
bool is_key_in_group(std::string_view key) {
  const std::string_view rest = without_number(key);
  if (rest.size() == key.size() || !rest.starts_with('/')) return false;
  if (rest == "/genesis") return true;
  const std::string_view part = without_number(rest.substr(1));
  return part.size() + 1 < rest.size() && part.size() > 1 && part.front() == '/' &&
         without_number(part.substr(1)).empty();
}

}  // namespace

std::string hash_key_header(uint64_t mark) {
  std::string text;
  for (int shift = 56; shift >= 0; shift -= 8)
    append_hex(text, static_cast<unsigned char>(mark >> shift & 0xff));
  return text;
}

uint64_t mark_of_hash_key(const SipHashKey& hash_key) {
  return std::max<uint64_t>(siphash(hash_key, kHashKeyMark), 1);
}

uint64_t hash_key_mark(std::string_view header) {
  constexpr int kHexadecimal = 16;
  uint64_t mark = 0;
  const auto [end, error] = std::from_chars(header.data(), header.data() + header.size(), mark, kHexadecimal);
  return error == std::errc() && end == header.data() + header.size() ? mark : 0;
}

std::string state_record_key(const StateRecord& record, std::string_view group) {
  const std::string partition = std::string(group) + "/" + std::to_string(record.partition) + "/";
  if (record.kind == StateRecord::Kind::kGenesis) return partition + "genesis";
  return partition + std::to_string(record.chunk) + "/" + std::to_string(record.part);
}

bool is_state_key_of(std::string_view key, std::string_view group) {
  if (is_key_in_group(key)) return true;
  return key.size() > group.size() && key.starts_with(group) && key[group.size()] == '/' &&
         is_key_in_group(key.substr(group.size() + 1));
}

std::string encode_state_record(const StateRecord& record) {
  std::string out(kMagic);
  append(out, kVersion);
  append(out, static_cast<uint8_t>(record.kind));
  append(out, record.partition);
  append(out, record.observations_partitions);
  append(out, record.offset);
  append(out, record.chunk);
  append(out, record.chunk_count);
  append(out, record.part);
  append(out, record.parts);
  out += record.bytes;
  return out;
}

Result<StateRecord> decode_state_record(std::string_view value) {
  if (!value.starts_with(kMagic)) return tl::unexpected(malformed("no magic").error());
  Reader reader(value.substr(kMagic.size()));
  uint16_t version = 0;
  uint8_t kind = 0;
  StateRecord record;
  reader.read(version);
  if (reader.good() && version > kVersion)
    return fail(ErrorCode::kUnsupported, "state record", "written by a newer version");
  reader.read(kind);
  reader.read(record.partition);
  reader.read(record.observations_partitions);
  reader.read(record.offset);
  reader.read(record.chunk);
  reader.read(record.chunk_count);
  reader.read(record.part);
  reader.read(record.parts);
  if (!reader.good()) return tl::unexpected(malformed("too short").error());
  record.kind = static_cast<StateRecord::Kind>(kind);
  record.bytes = reader.rest();
  const bool genesis = record.kind == StateRecord::Kind::kGenesis;
  if (!genesis && record.kind != StateRecord::Kind::kChunk) return tl::unexpected(malformed("unknown kind").error());
  if (record.offset < 0 || record.partition < 0) return tl::unexpected(malformed("a negative place").error());
  if (!genesis && (record.chunk >= record.chunk_count || record.part >= record.parts))
    return tl::unexpected(malformed("a chunk or part beyond their number").error());
  return record;
}

}  // namespace weir
