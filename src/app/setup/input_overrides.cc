#include "app/setup/input_overrides.h"

#include <algorithm>
#include <string_view>

namespace weir {
namespace {

Status set_field(const std::string& text, InputProfile& profile) {
  const auto equals = text.find('=');
  if (equals == std::string::npos || equals == 0 || equals + 1 == text.size())
    return fail(ErrorCode::kInvalidArgument, "--field",
                "'" + text + "' is not of the form NAME=POINTER, for example client_ip=/remote/address");
  const std::string_view name = std::string_view(text).substr(0, equals);
  const auto fields = profile_fields();
  const auto field = std::find_if(fields.begin(), fields.end(), [&](const auto& known) { return known.name == name; });
  if (field == fields.end()) {
    std::string names;
    for (const ProfileField& known : fields)
      names.append(names.empty() ? "" : ", ").append(known.name);
    return fail(ErrorCode::kInvalidArgument, "--field",
                "there is no field '" + std::string(name) + "'; there are " + names);
  }
  FieldMapping mapping;
  mapping.pointers.push_back(text.substr(equals + 1));
  profile.*field->mapping = std::move(mapping);
  return {};
}

}  // namespace

Status apply_overrides(const InputOverrides& overrides, InputOptions& input) {
  for (const std::string& field : overrides.fields)
    if (auto set = set_field(field, input.profile); !set) return set;
  if (!overrides.unwrap.empty()) input.profile.unwrap = {overrides.unwrap};
  for (const std::string& text : overrides.trusted_proxies) {
    const auto network = Cidr::parse(text);
    if (!network)
      return fail(ErrorCode::kInvalidArgument, "--trusted-proxy",
                  "'" + text + "' is no address and no network such as 10.0.0.0/8");
    input.trusted_proxies.push_back(*network);
  }
  return input.profile.validate();
}

}  // namespace weir
