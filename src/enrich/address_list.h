#pragma once

#include <string>
#include <string_view>

#include "base/addresses/address_set.h"
#include "base/result.h"

namespace weir {

/// A file of addresses and networks, as lists of threats and operators of crawlers publish them.
struct AddressList {
  std::string name;     ///< the file's, without folder and extension
  std::string version;  ///< what the file says of it, if anything, and a hash of its content
  AddressSet addresses;
  size_t unreadable = 0;     ///< lines without an address
  int first_unreadable = 0;  ///< the line of the first
};

/// Entries of a list, at most, and bytes of its file.
inline constexpr size_t kListEntriesMax = 4 << 20;
inline constexpr size_t kListBytesMax = 256 << 20;

/// Reads one. By its name: `.json` holds prefixes as large search engines publish them; of `.csv` the column with this number,
/// from 1, is read; all others hold an address or network a line, with comments after # or ;. An error if there is no entry, if more
/// lines than entries are unreadable, or if it is too large. Blocks on the file.
Result<AddressList> read_address_list(const std::string& path, uint32_t csv_column);

/// As above, of the content of a file of this name.
Result<AddressList> parse_address_list(const std::string& path, std::string_view content, uint32_t csv_column);

}  // namespace weir
