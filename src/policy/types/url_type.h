#pragma once

#include "policy/policy_spec.h"
#include "policy/types/fault.h"

namespace weir {

/// An absolute URL that the WHATWG URL standard's parser does not fail on and whose scheme is allowed: the form's, or http
/// and https. javascript, data, file, vbscript and blob are refused whatever the form says. As browsers do, leading and
/// trailing blanks are stripped and tabs and line breaks inside are skipped before anything is judged. With `relative` a
/// reference without a scheme passes too, unless it names another host ("//evil.example", "\\evil.example").
Fault check_url(std::string_view value, const ValueForm& form);

/// True for schemes that run or read something of the client's own.
bool is_dangerous_scheme(std::string_view lower_case);

}  // namespace weir
