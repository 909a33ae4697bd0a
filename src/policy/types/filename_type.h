#pragma once

#include "policy/types/fault.h"

namespace weir {

/// A file's name without any path: 1 to 255 bytes (POSIX NAME_MAX), letters and digits of any script, and of the rest only
/// blank . _ - + ( ) , @ = ~ and brackets. No name that a system reads as something else: "." and "..", hidden ones, a leading
/// hyphen (options of commands), blanks or dots at the end and the devices of Windows (NUL, COM1 …).
Fault check_filename(std::string_view value);

}  // namespace weir
