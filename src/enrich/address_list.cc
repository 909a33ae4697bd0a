#include "enrich/address_list.h"

#include <rapidjson/document.h>
#include <xxhash.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "base/ascii.h"
#include "base/hex.h"

namespace weir {
namespace {

tl::unexpected<Error> bad_list(const std::string& path, std::string detail) {
  return fail(ErrorCode::kParse, "enrichment", path + ": " + std::move(detail));
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r";
  const size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

/// The value of a column, without quotes around it.
std::string_view column_of(std::string_view line, uint32_t column) {
  for (; column > 1; --column) {
    const size_t end = line.find_first_of(",;");
    if (end == std::string_view::npos) return {};
    line.remove_prefix(end + 1);
  }
  std::string_view value = trimmed(line.substr(0, line.find_first_of(",;")));
  if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
  return trimmed(value);
}

/// Up to the first blank or comment.
std::string_view first_word(std::string_view line) {
  return trimmed(line.substr(0, std::min(line.find_first_of("#;"), line.find_first_of(" \t", 0))));
}

enum class Form : uint8_t { kLines, kCsv };

Status read_lines(const std::string& path, std::string_view content, Form form, uint32_t column, AddressList& list) {
  int number = 0;
  while (!content.empty()) {
    const size_t end = content.find('\n');
    const std::string_view line = trimmed(content.substr(0, end));
    content.remove_prefix(end == std::string_view::npos ? content.size() : end + 1);
    ++number;
    if (line.empty() || line[0] == '#' || line[0] == ';') continue;
    if (list.addresses.entries() == kListEntriesMax)
      return fail(ErrorCode::kLimit, "enrichment",
                  path + ": more than " + std::to_string(kListEntriesMax) + " entries");
    if (list.addresses.add(form == Form::kCsv ? column_of(line, column) : first_word(line))) continue;
    if (list.unreadable++ == 0) list.first_unreadable = number;
  }
  return {};
}

/// `{"creationTime": …, "prefixes": [{"ipv4Prefix": …}, {"ipv6Prefix": …}]}`
Status read_prefixes(const std::string& path, std::string_view content, AddressList& list) {
  rapidjson::Document document;
  document.Parse<rapidjson::kParseIterativeFlag>(content.data(), content.size());
  if (document.HasParseError()) return bad_list(path, "no JSON at byte " + std::to_string(document.GetErrorOffset()));
  if (!document.IsObject() || !document.HasMember("prefixes") || !document["prefixes"].IsArray())
    return bad_list(path, "no list \"prefixes\"");
  if (const auto made = document.FindMember("creationTime"); made != document.MemberEnd() && made->value.IsString())
    list.version = std::string(made->value.GetString(), std::min<size_t>(made->value.GetStringLength(), 40)) + " ";
  for (const auto& prefix : document["prefixes"].GetArray()) {
    if (list.addresses.entries() == kListEntriesMax)
      return fail(ErrorCode::kLimit, "enrichment", path + ": too many entries");
    bool is_read = false;
    for (const char* member : {"ipv4Prefix", "ipv6Prefix"}) {
      if (!prefix.IsObject()) continue;
      const auto value = prefix.FindMember(member);
      if (value != prefix.MemberEnd() && value->value.IsString())
        is_read = list.addresses.add({value->value.GetString(), value->value.GetStringLength()});
    }
    if (!is_read) ++list.unreadable;
  }
  return {};
}

}  // namespace

Result<AddressList> parse_address_list(const std::string& path, std::string_view content, uint32_t csv_column) {
  const std::filesystem::path file(path);
  AddressList list;
  list.name = file.stem().string();
  const std::string extension = file.extension().string();
  const Status read = extension == ".json" ? read_prefixes(path, content, list)
                                           : read_lines(path, content, extension == ".csv" ? Form::kCsv : Form::kLines,
                                                        csv_column, list);
  if (!read) return tl::unexpected<Error>(read.error());
  if (list.addresses.empty()) {
    return bad_list(path, extension == ".csv"
                              ? "no address in column " + std::to_string(csv_column) + " (enrichment.csv_column)"
                              : std::string("no address or network in it"));
  }
  if (list.unreadable > list.addresses.entries()) {
    return bad_list(path, std::to_string(list.unreadable) + " lines without an address, from line " +
                              std::to_string(list.first_unreadable) + " on, and only " +
                              std::to_string(list.addresses.entries()) + " with one");
  }
  list.addresses.seal();
  const uint64_t hash = XXH3_64bits(content.data(), content.size());
  list.version += "xxh3:";
  for (int shift = 56; shift >= 0; shift -= 8)
    append_hex(list.version, static_cast<uint8_t>(hash >> shift));
  return list;
}

Result<AddressList> read_address_list(const std::string& path, uint32_t csv_column) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  if (error) return fail(ErrorCode::kIo, "enrichment", path + ": " + error.message());
  if (size > kListBytesMax) {
    return fail(ErrorCode::kLimit, "enrichment",
                path + ": larger than " + std::to_string(kListBytesMax >> 20) + " MiB");
  }
  std::ifstream in(path, std::ios::binary);
  std::string content(static_cast<size_t>(size), '\0');
  in.read(content.data(), static_cast<std::streamsize>(content.size()));
  if (in.bad() || !in.is_open()) return fail(ErrorCode::kIo, "enrichment", path + ": " + std::strerror(errno));
  content.resize(static_cast<size_t>(in.gcount()));
  return parse_address_list(path, content, csv_column);
}

}  // namespace weir
