#include "policy/types/value_check.h"

#include <algorithm>

#include "policy/types/email_type.h"
#include "policy/types/filename_type.h"
#include "policy/types/json_type.h"
#include "policy/types/number_types.h"
#include "policy/types/string_type.h"
#include "policy/types/url_type.h"
#include "policy/types/uuid_type.h"

namespace weir {
namespace {

Fault check_length(size_t length, const ValueForm& form) {
  if (form.length_min && length < *form.length_min) return "shorter than allowed";
  if (form.length_max && length > *form.length_max) return "longer than allowed";
  return {};
}

Fault check_type(std::string_view value, const ValueForm& form) {
  switch (form.type) {
    case ValueType::kString:
      return check_string(value, form);
    case ValueType::kEmail:
      return check_email(value);
    case ValueType::kUrl:
      return check_url(value, form);
    case ValueType::kJson:
      return check_json(value, form);
    case ValueType::kFilename:
      return check_filename(value);
    case ValueType::kInteger:
      return check_integer(value, form);
    case ValueType::kNumber:
      return check_number(value, form);
    case ValueType::kBoolean:
      return value == "true" || value == "false" ? Fault() : Fault("neither true nor false");
    case ValueType::kUuid:
      return check_uuid(value);
    case ValueType::kEnum:
      return std::find(form.values.begin(), form.values.end(), value) != form.values.end()
                 ? Fault()
                 : Fault("none of the values");
    case ValueType::kAny:
    case ValueType::kCount:
      break;
  }
  return {};
}

}  // namespace

Fault check_value(std::string_view value, const ValueForm& form) {
  if (form.type != ValueType::kString) {
    if (const Fault fault = check_length(value.size(), form); !fault.empty()) return fault;
  }
  return check_type(value, form);
}

}  // namespace weir
