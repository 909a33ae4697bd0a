#include "enrich/address_database.h"

#include <fcntl.h>
#include <maxminddb.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>

#include "base/time.h"

namespace weir {
namespace {

constexpr size_t kNameBytesMax = 128;
constexpr uint32_t kAddressesChecked = 4'096;

tl::unexpected<Error> bad_database(const std::string& path, ErrorCode code, std::string detail) {
  return fail(code, "enrichment", path + ": " + std::move(detail));
}

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor() {
    if (fd_ >= 0) close(fd_);
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool is_open() const { return fd_ >= 0; }

 private:
  int fd_;
};

/// The library maps the file: were it the user's own, a copy over it would take the pages away under a reader. So it maps a copy
/// in memory.
Status copy_into(const FileDescriptor& memory, const std::string& path) {
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat facts {};
  if (!file.is_open() || fstat(file.get(), &facts) != 0)
    return bad_database(path, ErrorCode::kIo, std::strerror(errno));
  if (!S_ISREG(facts.st_mode)) return bad_database(path, ErrorCode::kIo, "not a file");
  const auto size = static_cast<size_t>(facts.st_size);
  if (size > AddressDatabase::kBytesMax) return bad_database(path, ErrorCode::kLimit, "larger than 1 GiB");
  for (size_t copied = 0; copied < size;) {
    const ssize_t taken = sendfile(memory.get(), file.get(), nullptr, size - copied);
    if (taken < 0 && errno == EINTR) continue;
    if (taken < 0) return bad_database(path, ErrorCode::kIo, std::strerror(errno));
    if (taken == 0) break;  // it became shorter: what is there decides
    copied += static_cast<size_t>(taken);
  }
  return {};
}

MMDB_lookup_result_s look_up(const MMDB_s& database, const IpAddress& address, int& error) {
  const auto& bytes = address.bytes();
  if (address.is_v4()) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    std::memcpy(&v4.sin_addr, bytes.data() + 12, 4);
    return MMDB_lookup_sockaddr(&database, reinterpret_cast<const sockaddr*>(&v4), &error);
  }
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  std::memcpy(&v6.sin6_addr, bytes.data(), bytes.size());
  return MMDB_lookup_sockaddr(&database, reinterpret_cast<const sockaddr*>(&v6), &error);
}

/// What the database says at a path of names below the address's entry.
template <size_t N>
std::optional<MMDB_entry_data_s> value_at(MMDB_lookup_result_s found, const std::array<const char*, N>& path) {
  std::array<const char*, N + 1> ended{};
  std::copy(path.begin(), path.end(), ended.begin());
  MMDB_entry_data_s data{};
  const int status = MMDB_aget_value(&found.entry, &data, ended.data());
  if (status != MMDB_SUCCESS || !data.has_data) return std::nullopt;
  return data;
}

template <size_t N>
std::string text_at(const MMDB_lookup_result_s& found, const std::array<const char*, N>& path) {
  const auto data = value_at(found, path);
  if (!data || data->type != MMDB_DATA_TYPE_UTF8_STRING) return {};
  return {data->utf8_string, std::min<size_t>(data->data_size, kNameBytesMax)};
}

template <size_t N>
uint32_t number_at(const MMDB_lookup_result_s& found, const std::array<const char*, N>& path) {
  const auto data = value_at(found, path);
  if (!data) return 0;
  if (data->type == MMDB_DATA_TYPE_UINT32) return data->uint32;
  return data->type == MMDB_DATA_TYPE_UINT16 ? data->uint16 : 0;
}

bool is_country(std::string_view text) {
  return text.size() == 2 && std::all_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

/// Of "AS64496".
uint32_t number_of_system(std::string_view text) {
  if (text.starts_with("AS")) text.remove_prefix(2);
  uint32_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  return parsed.ec == std::errc() && parsed.ptr == text.data() + text.size() ? number : 0;
}

}  // namespace

void AddressDatabase::Close::operator()(MMDB_s* database) const {
  MMDB_close(database);
  delete database;
}

Result<AddressDatabase> AddressDatabase::open(const std::string& path) {
  const FileDescriptor memory(memfd_create("weir-mmdb", MFD_CLOEXEC));
  if (!memory.is_open()) return bad_database(path, ErrorCode::kIo, std::strerror(errno));
  if (Status copied = copy_into(memory, path); !copied) return tl::unexpected<Error>(copied.error());
  auto opened = std::make_unique<MMDB_s>();
  const std::string name = "/proc/self/fd/" + std::to_string(memory.get());
  if (const int status = MMDB_open(name.c_str(), MMDB_MODE_MMAP, opened.get()); status != MMDB_SUCCESS) {
    return bad_database(path, ErrorCode::kParse,
                        "no MMDB file, or one that is cut off or damaged (" + std::string(MMDB_strerror(status)) + ")");
  }
  AddressDatabase database;
  database.database_.reset(opened.release());
  const MMDB_metadata_s& facts = database.database_->metadata;
  const auto made =
      EventTime(std::chrono::seconds(static_cast<int64_t>(facts.build_epoch >> 32 == 0 ? facts.build_epoch : 0)));
  database.version_ = std::string(facts.database_type).substr(0, kNameBytesMax) + " " + format_rfc3339(made);
  database.entries_ = facts.node_count;
  if (Status checked = database.check(path); !checked) return tl::unexpected<Error>(checked.error());
  return database;
}

/// Damage inside a file shows only where it is read.
Status AddressDatabase::check(const std::string& path) const {
  for (uint32_t i = 0; i < kAddressesChecked; ++i) {
    std::array<uint8_t, 16> bytes{};
    bytes[10] = bytes[11] = 0xff;
    bytes[12] = static_cast<uint8_t>(i >> 4);
    bytes[13] = static_cast<uint8_t>(i << 4);
    bytes[15] = 1;
    int error = MMDB_SUCCESS;
    const MMDB_lookup_result_s found = look_up(*database_, IpAddress::from_bytes(bytes), error);
    MMDB_entry_data_list_s* list = nullptr;
    if (error == MMDB_SUCCESS && found.found_entry) {
      MMDB_lookup_result_s entry = found;
      error = MMDB_get_entry_data_list(&entry.entry, &list);
      MMDB_free_entry_data_list(list);
    }
    if (error != MMDB_SUCCESS) {
      return bad_database(path, ErrorCode::kParse,
                          "damaged: what it says of " + IpAddress::from_bytes(bytes).to_string() + " cannot be read (" +
                              MMDB_strerror(error) + ")");
    }
  }
  return {};
}

void AddressDatabase::add_country(const IpAddress& address, AddressContext& context) const {
  int error = MMDB_SUCCESS;
  const MMDB_lookup_result_s found = look_up(*database_, address, error);
  if (error != MMDB_SUCCESS || !found.found_entry) return;
  for (const std::string& text :
       {text_at(found, std::array{"country", "iso_code"}), text_at(found, std::array{"country_code"}),
        text_at(found, std::array{"country"}), text_at(found, std::array{"registered_country", "iso_code"})}) {
    if (!is_country(text)) continue;
    context.country = text;
    return;
  }
}

void AddressDatabase::add_autonomous_system(const IpAddress& address, AddressContext& context) const {
  int error = MMDB_SUCCESS;
  const MMDB_lookup_result_s found = look_up(*database_, address, error);
  if (error != MMDB_SUCCESS || !found.found_entry) return;
  context.as_number = number_at(found, std::array{"autonomous_system_number"});
  if (context.as_number == 0) context.as_number = number_of_system(text_at(found, std::array{"asn"}));
  context.as_name = text_at(found, std::array{"autonomous_system_organization"});
  if (context.as_name.empty()) context.as_name = text_at(found, std::array{"as_name"});
}

}  // namespace weir
