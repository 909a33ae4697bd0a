#include "alert/masking.h"

namespace weir {
bool is_secret_name(std::string_view) { return false; }
std::string mask_secret(std::string_view) { return "***"; }
std::string mask_text(std::string_view text) { return std::string(text); }
}  // namespace weir
