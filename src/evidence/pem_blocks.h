#pragma once

#include <string>
#include <string_view>

namespace weir {

/// Replaces private keys in PEM (RFC 7468; "-----BEGIN … PRIVATE KEY-----") by "***", also when their lines were joined, their
/// beginning or their end was cut off. Certificates and public keys stay. Appends the whole text to `out` and returns true if
/// there was one; else false, and `out` as it was. Linear.
bool mask_pem_blocks(std::string_view text, std::string& out);

}  // namespace weir
