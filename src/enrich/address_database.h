#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "alert/address_context.h"
#include "base/ip_address.h"
#include "base/result.h"

struct MMDB_s;

namespace weir {

/// A file in the MMDB format that says of addresses in which country they are, or whose autonomous system. Of the layouts in use
/// it reads the nested one (`country.iso_code`, `autonomous_system_number`) and the flat one (`country_code`, `asn`).
/// Holds a copy of the file, which may be replaced or cut meanwhile. Any number of threads may ask.
class AddressDatabase {
 public:
  static constexpr size_t kBytesMax = size_t{1} << 30;

  /// An error if it is no such file, is cut off, or says something malformed of any of some thousand addresses. Blocks.
  static Result<AddressDatabase> open(const std::string& path);

  /// What it says of the address; what it does not know stays as it is. What is malformed counts as not known.
  void add_country(const IpAddress& address, AddressContext& context) const;
  void add_autonomous_system(const IpAddress& address, AddressContext& context) const;

  /// Its type and when it was made: "GeoLite2-Country 2026-11-20T08:00:00.000Z".
  [[nodiscard]] const std::string& version() const { return version_; }
  [[nodiscard]] uint64_t entries() const { return entries_; }  ///< nodes of its tree

 private:
  struct Close {
    void operator()(MMDB_s* database) const;
  };
  AddressDatabase() = default;
  [[nodiscard]] Status check(const std::string& path) const;

  std::unique_ptr<MMDB_s, Close> database_;
  std::string version_;
  uint64_t entries_ = 0;
};

}  // namespace weir
