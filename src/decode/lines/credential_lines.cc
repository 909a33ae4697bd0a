#include "decode/lines/credential_lines.h"

#include "base/ascii.h"
#include "decode/steps/decode_base64.h"

namespace weir {
namespace {

constexpr DecodeSteps kBase64Step = static_cast<DecodeSteps>(DecodeStep::kBase64);

/// "user:password"; the user holds no colon.
void add_basic(ValueLines& values, std::string_view text) {
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos) {
    values.add(Place::kHeader, "authorization[basic]", text, PlusMeans::kPlus, kBase64Step);
    return;
  }
  const std::string_view user = text.substr(0, colon);
  const std::string_view password = text.substr(colon + 1);
  // What is opened in the user goes on behind its colon.
  if (user.find_first_of("({[<\"'") != std::string_view::npos)
    values.add(Place::kHeader, "authorization[basic]", text, PlusMeans::kPlus, kBase64Step);
  if (!user.empty()) values.add(Place::kHeader, "authorization[user]", user, PlusMeans::kPlus, kBase64Step);
  if (!password.empty()) values.add(Place::kHeader, "authorization[password]", password, PlusMeans::kPlus, kBase64Step);
}

}  // namespace

void add_credentials(ValueLines& values, std::string_view authorization, std::string& buffer) {
  constexpr std::string_view kBasic = "basic ";
  constexpr std::string_view kBearer = "bearer ";
  if (starts_without_case(authorization, kBasic)) {
    if (decode_base64_bytes(authorization.substr(kBasic.size()), buffer)) add_basic(values, buffer);
  } else if (starts_without_case(authorization, kBearer)) {
    const std::string_view token = authorization.substr(kBearer.size());
    values.add_token_header(Place::kHeader, token);
  }
}

}  // namespace weir
